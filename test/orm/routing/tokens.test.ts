// What clients carry: whatever they send, it is one of our tokens or nothing.
import { createHmac } from 'node:crypto'
import t from 'tap'
import type { Position } from '../../../orm/routing/position.ts'
import { Tokens } from '../../../orm/routing/token.ts'
import { Random } from '../../soak/random.ts'

const OLD = 'a secret that was in use until yesterday'
const NEW = 'a secret that is in use from now on, and longer'
const positionAt = (index: number): Position => ({ system: String(7_577_000_000_000_000_000n + BigInt(index)), timeline: index + 1, lsn: 0x16_b374_d848n + BigInt(index) })
const positions = (count: number): Position[] => Array.from({ length: count }, (_, index) => positionAt(index))

t.test('what was seen comes back', async (t) => {
  const tokens = new Tokens([NEW])
  for (let count = 0; count <= 8; count++) {
    const token = tokens.encode(positions(count), false)
    t.match(token, /^[\w-]+$/, 'nothing in it that a cookie, a header or a URL could not have')
    t.ok(token.length <= 240, `${token.length} characters for ${count} positions`)
    t.same(tokens.decode(token), positions(count))
    t.equal(tokens.encode(positions(count), false), token, 'the same is the same text: nobody need send it again')
  }
  const extremes = [
    { system: '-9223372036854775808', timeline: 0, lsn: 0n },
    { system: '9223372036854775807', timeline: 0xffff_ffff, lsn: 0xffff_ffff_ffff_ffffn },
  ]
  t.same(tokens.decode(tokens.encode(extremes, false)), extremes)
})

t.test('nobody knows', async (t) => {
  const tokens = new Tokens([NEW])
  t.equal(tokens.decode(tokens.encode(positions(1), true)), undefined)
  t.equal(tokens.decode(tokens.encode(positions(9), false)), undefined, 'more clusters than fit')
})

t.test('secrets: the first one signs, all are believed', async (t) => {
  const [before, during, after] = [new Tokens([OLD]), new Tokens([NEW, OLD]), new Tokens([NEW])]
  const old = before.encode(positions(1), false)
  const signed = during.encode(positions(1), false)
  t.same(during.decode(old), positions(1))
  t.same(after.decode(signed), positions(1))
  t.equal(before.decode(signed), undefined)
  t.equal(after.decode(old), undefined)
  t.same(new Tokens([Buffer.from(OLD)]).decode(old), positions(1), 'as bytes too')
  t.equal(new Tokens(undefined).decode(old), undefined)
  const own = new Tokens(undefined)
  t.same(own.decode(own.encode(positions(2), false)), positions(2))
  t.equal(new Tokens(undefined).decode(own.encode(positions(2), false)), undefined, 'a secret that nobody was told differs from process to process')
})

t.test('every bit counts, and every byte', async (t) => {
  const tokens = new Tokens([NEW])
  const bytes = Buffer.from(tokens.encode(positions(2), false), 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    if (tokens.decode(changed.toString('base64url')) !== undefined) t.fail(`bit ${bit} may be another one`)
  }
  for (let length = 0; length < bytes.length; length++) {
    if (tokens.decode(bytes.subarray(0, length).toString('base64url')) !== undefined) t.fail(`${length} bytes are enough`)
    if (tokens.decode(bytes.subarray(bytes.length - length).toString('base64url')) !== undefined) t.fail(`the last ${length} bytes are enough`)
  }
  t.equal(tokens.decode(Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url')), undefined, 'longer')
  t.same(tokens.decode(bytes.toString('base64url')), positions(2), 'as it was, it is one')
})

/** Made as tokens are, by somebody who knows or does not know how. */
const signed = (secret: string, text: Buffer, context = 'fastify-sqlassist token'): string =>
  Buffer.concat([text, createHmac('sha256', secret).update(context).update(text).digest().subarray(0, 16)]).toString('base64url')

t.test('forged', async (t) => {
  const tokens = new Tokens([NEW])
  const body = Buffer.alloc(22)
  body[0] = 1
  t.ok(tokens.decode(signed(NEW, body)), 'this is how it is made')
  t.equal(tokens.decode(signed(OLD, body)), undefined)
  t.equal(tokens.decode(signed('', body)), undefined)
  t.equal(tokens.decode(signed(NEW, body, 'something else')), undefined, 'what the secret has signed elsewhere')
  t.equal(tokens.decode(signed(NEW, Buffer.concat([Buffer.from([2]), body.subarray(1)]))), undefined, 'another version, of our own')
  t.equal(tokens.decode(signed(NEW, body.subarray(0, 21))), undefined)
  t.equal(tokens.decode(signed(NEW, Buffer.alloc(0))), undefined)
})

t.test('garbage', async (t) => {
  const tokens = new Tokens([NEW])
  const good = tokens.encode(positions(1), false)
  const garbage: unknown[] = ['', ' ', 'null', 'undefined', '..', '%00', good + ' ', ` ${good}`, `${good}\n`, `${good},${good}`, `"${good}"`, good + '=', good.repeat(2), 'A'.repeat(1_000_000), '\u{1f600}', '\0', `${good}\u212a`]
  for (const text of [...garbage, undefined, null, 1, {}, [good], Buffer.from(good), { toString: () => good }]) t.equal(tokens.decode(text), undefined, String(text).slice(0, 20))
})

t.test('anything at all', async (t) => {
  const random = new Random(7)
  const tokens = new Tokens([NEW])
  const good = tokens.encode(positions(2), false)
  for (let round = 0; round < 10_000; round++) {
    const text = round % 2 === 0 ? noise(random) : damaged(good, random)
    const bytes = Buffer.from(text, 'base64url')
    if (tokens.decode(text) !== undefined && !bytes.equals(Buffer.from(good, 'base64url'))) t.fail(`accepted: ${JSON.stringify(text)}`)
  }
  t.same(tokens.decode(good), positions(2))
})

const noise = (random: Random): string => String.fromCharCode(...Array.from({ length: random.below(500) }, () => random.below(random.below(3) === 0 ? 0x10000 : 128)))

/** Something taken out, put in or changed. */
function damaged(text: string, random: Random): string {
  const at = random.below(text.length)
  const piece = 'AZaz09-_. =/+'[random.below(13)]!
  return [text.slice(0, at) + text.slice(at + 1), text.slice(0, at) + piece + text.slice(at), text.slice(0, at) + piece + text.slice(at + 1), text.slice(at) + text.slice(0, at)][random.below(4)]!
}
