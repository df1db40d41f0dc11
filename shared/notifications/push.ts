import type { Claimed } from '../../db/models/notification.ts';

export async function pushToDevices(_owed: Claimed): Promise<number | null> {
  return null;
}
