/**
 * Ends with 1 and one line on stderr where a process would refuse the environment. `npm run doctor` runs it in a process of its
 * own.
 */
const { requireEnv } = await import('../../shared/base/env.ts');
requireEnv('DATABASE_URL', 'REDIS_URL', 'JWT_SECRET');
const { requireModels } = await import('../../shared/provider/config.ts');
requireModels();
const { requireNotifications } = await import('../../shared/ops/mailSettings.ts');
requireNotifications();
const { requireDataKeys } = await import('../../shared/base/secretBox.ts');
requireDataKeys();
// Reads BUDGET_DAY, BUDGET_USER_DAY and MODEL_PRICES.
await import('../../shared/limits/budget.ts');
