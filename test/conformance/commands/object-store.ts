import { type Area, matches } from './row.ts'

const account = matches(/^AUTH_[0-9a-f]{32}$/)

export const objectStore: Area = {
  group: 'openstack.object_store.v1',
  rows: [
    [
      'container create',
      'one two',
      [
        { account, container: 'one' },
        { account, container: 'two' },
      ],
    ],
    ['container create', 'one', [{ container: 'one' }]],
    ['container list', '', { exactly: [{ Name: 'one' }, { Name: 'two' }] }],
    ['container list', '--prefix t --long', { exactly: [{ Name: 'two', Bytes: 0, Count: 0 }] }],
    ['container set', 'one --property colour=blue', null],
    [
      'container show',
      'one',
      { account, container: 'one', object_count: '0', bytes_used: '0', properties: { colour: 'blue' } },
    ],
    ['container unset', 'one --property colour', null],
    ['container show', 'nothing', { fails: /404/ }],
    [
      'object create',
      'one data --name a/b',
      [{ object: 'a/b', container: 'one', etag: '9a928fbb8a52aa7aa649546bb009c5ea' }],
    ],
    ['object create', 'one data', [{ object: 'data' }]],
    ['object create', 'nothing data', { fails: /404/ }],
    ['object list', 'one', { exactly: [{ Name: 'a/b' }, { Name: 'data' }] }],
    ['object list', 'one --prefix a --long', { exactly: [{ Name: 'a/b', Bytes: 19 }] }],
    ['object list', 'one --limit 1', { exactly: [{ Name: 'a/b' }] }],
    ['object list', 'one --marker a/b', { exactly: [{ Name: 'data' }] }],
    ['object set', 'one a/b --property colour=red', null],
    ['object show', 'one a/b', { 'content-length': '19', properties: { colour: 'red' } }],
    ['object unset', 'one a/b --property colour', null],
    ['object show', 'one nothing', { fails: /404/ }],
    ['object save', 'one data --file -', { says: /^an image, as far as$/ }],
    ['object save', 'one a/b', null],
    ['container save', 'one', null],
    ['object store account set', '--property colour=green', null],
    [
      'object store account show',
      '',
      { Account: account, Containers: '2', Objects: '2', Bytes: '38', properties: { colour: 'green' } },
    ],
    ['object store account unset', '--property colour', null],
    ['container delete', 'one', { fails: /409/ }],
    ['object delete', 'one data', null],
    ['object delete', 'one data', { fails: /404/ }],
    ['container delete', '--recursive one', null],
    ['container delete', 'two', null],
    ['container list', '', { exactly: [] }],
  ],
  notYet: [],
}
