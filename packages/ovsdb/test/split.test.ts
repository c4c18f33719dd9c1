import { describe, expect, it } from 'vitest'
import { JsonSplitter, ProtocolError } from '../src/index.ts'

const messages = [
  { id: 1, result: [], error: null },
  {
    method: 'update2',
    params: [null, { T: { u: { insert: { name: 'curly } and { brace, "quote", back\\slash' } } } }],
  },
  { deep: { er: { est: '\\"}' } }, umlaut: 'ä€😀' },
]
const bytes = Buffer.from(messages.map(message => JSON.stringify(message)).join(' \n'))

describe('JsonSplitter', () => {
  it('finds the same messages wherever the stream is cut', () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const splitter = new JsonSplitter()
      const found = [...splitter.push(bytes.subarray(0, cut)), ...splitter.push(bytes.subarray(cut))]
      expect(found).toEqual(messages)
    }
  })

  it('takes one byte at a time', () => {
    const splitter = new JsonSplitter()
    expect(Array.from(bytes, byte => splitter.push(Buffer.of(byte))).flat()).toEqual(messages)
  })

  it.each(['[1]', 'HTTP/1.1 400', '{}]', '{"a" 1}', '{} x'])('refuses %s', text => {
    expect(() => new JsonSplitter().push(Buffer.from(text))).toThrow(ProtocolError)
  })

  it('refuses a message that never ends', () => {
    const splitter = new JsonSplitter(1000)
    splitter.push(Buffer.from('{"a":"'))
    expect(() => {
      for (let i = 0; i < 20; i++) splitter.push(Buffer.alloc(100, 'a'))
    }).toThrow(/longer than 1000 bytes/)
  })
})
