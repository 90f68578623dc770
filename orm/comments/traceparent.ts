/** Version, trace, span, flags; zeros stand for none, and the version ff for nothing at all. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

/** A W3C traceparent, and undefined for what is none: anybody can send a header. */
export const validTraceparent = (value: unknown): string | undefined => (typeof value === 'string' && TRACEPARENT.test(value) ? value : undefined)
