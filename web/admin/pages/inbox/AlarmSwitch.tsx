import { Check } from '../../../shared/controls.tsx';
import { setAlarm, useAlarmIsOn } from '../../shell/alarm.ts';
import { w } from '../../words.ts';

export function AlarmSwitch() {
  const on = useAlarmIsOn();
  return (
    <Check checked={on} onChange={({ target }) => void setAlarm(target.checked)}>
      {w('alarm')}
    </Check>
  );
}
