// Stands in for argon2 and JSON web tokens, which the application of the guide takes from packages.
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify<string, Buffer, number, Buffer>(scrypt)
const SECRET = '12345678'

export async function hashed(password: string): Promise<string> {
  const salt = randomBytes(16)
  return `${salt.toString('hex')}.${(await derive(password, salt, 32)).toString('hex')}`
}

export async function matches(password: string, stored: string): Promise<boolean> {
  const [salt = '', hash = ''] = stored.split('.')
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'hex'), 32), Buffer.from(hash, 'hex'))
}

export const tokenFor = (id: number): string => `${id}.${createHmac('sha256', SECRET).update(String(id)).digest('hex')}`

/** Who the bearer of a token is, if it is one of ours. */
export function bearerOf(authorization: string | undefined): number | undefined {
  const token = authorization?.replace(/^Bearer /, '')
  const id = Number(token?.split('.')[0])
  return token === tokenFor(id) ? id : undefined
}

/** Says nothing of what was wrong: whether somebody has an account is nobody's business. */
export class AuthError extends Error {
  override message = 'Invalid combination of email and password'
}
