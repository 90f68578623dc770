/** What is put in the place of a secret. */
export const MASK = '***'

/** Parts of names, as `user_password`, `apiKey` and `X-Auth-Token` have them. */
const SECRET = /(?:^|_)(?:pass(?:word|wd|phrase|code)?s?|pwd|secrets?|tokens?|(?:api|access|private|secret|signing|encryption)_?keys?|apikeys?|auth(?:orization|entication)?|credentials?|cookies?|jwt|bearer|otp|pin|cvv|cvc|ssn|session_?id|csrf|xsrf|signature|salt|totp|mfa|recovery_codes?|passkeys?|card_?numbers?|credit_?cards?)(?:_|\d|$)/
/** The same in names that are written without a mark between their parts. */
const SECRET_WITHIN = /password|passwd|passphrase|secret|authorization|credential|apikey|accesstoken|refreshtoken|authtoken/

/** Whether something of this name is nobody's business: a column, a header, a part of a URL's query, a key of JSON. */
export function isSecretName(name: string): boolean {
  const parts = name.replaceAll(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase().replaceAll(/[^a-z\d]+/g, '_')
  return SECRET.test(parts) || SECRET_WITHIN.test(parts.replaceAll('_', ''))
}
