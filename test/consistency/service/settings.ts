// What a service process is told at its start.

export interface ServiceSettings {
  /** With this package, or by hand with MikroORM's own `replicas`. */
  readonly kind: 'ours' | 'by hand'
  readonly primary: string
  readonly replicas: readonly string[]
  /** How clients carry what they have seen. */
  readonly transport: 'cookie' | 'header'
  readonly replicaWaitMs: number
  /** Of the route `/read/bounded`. */
  readonly maxLagMs: number
  readonly poolMax: number
}

export const DEFAULTS = { kind: 'ours', transport: 'cookie', replicaWaitMs: 100, maxLagMs: 500, poolMax: 16 } as const satisfies Partial<ServiceSettings>

/** The same of all processes, so that one knows the tokens of the other. */
export const SECRET = 'a secret of these tests, long enough to be one'

export const CONSISTENCIES = ['session', 'eventual', 'strong', 'bounded'] as const
export type Consistency = (typeof CONSISTENCIES)[number]
