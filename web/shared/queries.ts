import { QueryClient } from '@tanstack/react-query';
import { Refused } from '../sdk/http.ts';

/** Answers of the API that views share. Refusals are not asked for again. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (failures, err) => (err instanceof Refused && !err.mayPass ? false : failures < 3),
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});
