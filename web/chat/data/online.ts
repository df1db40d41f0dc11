import { useSyncExternalStore } from 'react';
import { useLive } from './parley.tsx';

function subscribe(listener: () => void): () => void {
  addEventListener('online', listener);
  addEventListener('offline', listener);
  return () => {
    removeEventListener('online', listener);
    removeEventListener('offline', listener);
  };
}

/** Says whether the device has a network, and the server answers. */
export function useOnline(): boolean {
  const live = useLive();
  return useSyncExternalStore(subscribe, () => navigator.onLine) && live !== 'offline';
}
