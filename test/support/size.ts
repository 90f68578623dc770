/** With `TEST_FULL=1` the longest tests run at their full size, as before a release; else with a part of it, as after every change. */
export const FULL: boolean = process.env['TEST_FULL'] === '1'
