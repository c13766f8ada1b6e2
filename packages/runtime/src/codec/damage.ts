/** What bytes say that cannot be. Whoever knows the name of the file makes a `UserError` of it. */
export class Damage extends Error {}
