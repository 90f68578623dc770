/**
 * What a session knows of its surroundings, as the seed's `session.info`. In a request the plugin puts `request` in;
 * outside requests it is what `sqlassist.session({ info })` was given. Augment it with what your jobs carry:
 *
 * ```ts
 * declare module 'fastify-sqlassist/orm' { interface SessionInfo { job?: string } }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- open for augmentation: the plugin and users add to it
export interface SessionInfo {}
