import { describe, expect, it } from 'vitest'
import { encodeFrame, FrameSplitter } from '../src/frame.ts'
import { XdrError, XdrReader, XdrWriter } from '../src/xdr.ts'

describe('XDR', () => {
  it('writes big-endian words, padded strings and optionals (RFC 4506)', () => {
    const bytes = new XdrWriter()
      .i32(-2)
      .u32(0xffff_fffe)
      .u64(2n ** 63n)
      .string('abcde')
      .optional<string>(null, (w, v) => w.string(v))
      .optional('x', (w, v) => w.string(v))
      .bytes()
    expect(bytes.toString('hex')).toBe(
      'fffffffefffffffe8000000000000000000000056162636465000000000000000000000100000001' + '78000000',
    )
    const reader = new XdrReader(bytes)
    expect([reader.i32(), reader.u32(), reader.u64(), reader.string()]).toEqual([
      -2,
      0xffff_fffe,
      2n ** 63n,
      'abcde',
    ])
    expect([reader.optional(r => r.string()), reader.optional(r => r.string())]).toEqual([null, 'x'])
    expect(reader.remaining).toBe(0)
  })

  it('counts bytes, not characters', () => {
    expect(new XdrReader(new XdrWriter().string('ä€😀').bytes()).string()).toBe('ä€😀')
  })

  it('refuses to read past the end, and arrays that cannot fit', () => {
    expect(() => new XdrReader(Buffer.alloc(3)).u32()).toThrow(XdrError)
    expect(() => new XdrReader(new XdrWriter().u32(9).bytes()).string()).toThrow(XdrError)
    expect(() => new XdrReader(new XdrWriter().u32(0x7fff_ffff).bytes()).array(r => r.u32())).toThrow(
      XdrError,
    )
  })
})

describe('frames', () => {
  const frame = (serial: number, size: number) => ({
    program: 0x20008086,
    procedure: 350,
    type: 1,
    serial,
    status: 0,
    payload: Buffer.alloc(size, serial),
  })

  it('come out whole however the stream is cut', () => {
    const sent = [frame(1, 0), frame(2, 1000), frame(3, 4), frame(4, 70_000)]
    const stream = Buffer.concat(sent.map(encodeFrame))
    for (const step of [1, 3, 27, 28, 29, 4096, stream.length]) {
      const splitter = new FrameSplitter()
      const got = []
      for (let at = 0; at < stream.length; at += step)
        got.push(...splitter.push(stream.subarray(at, at + step)))
      expect(got).toEqual(sent)
    }
  })

  it.each([0, 27, 33_554_433 + 4])('of %i bytes are refused', length => {
    expect(() => new FrameSplitter().push(new XdrWriter().u32(length).bytes())).toThrow(XdrError)
  })
})
