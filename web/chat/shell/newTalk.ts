import { useCallback } from 'react';
import { useNavigate } from 'react-router';
import { leave } from '../../shared/unsaved.ts';

/** Opens an empty conversation and puts the cursor into its message. */
export function useNewTalk(): () => void {
  const navigate = useNavigate();
  return useCallback(() => {
    // A new state makes a new place even where the page is empty already.
    leave(() => void navigate('/', { state: { began: Date.now() } }));
  }, [navigate]);
}
