/** The old words of lists, until every resource has its contract. */
export const limit = { type: 'integer', minimum: 1, maximum: 100, default: 20 };
export const cursor = { type: 'string', minLength: 1, maxLength: 200 };
