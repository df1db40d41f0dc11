/** An event of a run as the socket delivers it; see "Socket.IO" in the contract. */
export type RunEvent = {
  run_id: number;
  conversation_id: number;
  attempt: number;
  seq: number;
  message_id: number;
  delta?: string;
  content?: string;
  finish_reason?: string;
  sources?: { faq_id: number; question: string; similarity: number }[];
  error?: { code: string; message: string };
};

export type End = { name: string; data: RunEvent; text: string };

export const TERMINAL = ['response', 'run.failed', 'run.cancelled'];

/** A client's view of a run: orders events, drops duplicates and older attempts, detects gaps. */
export class RunView {
  attempt = 0;
  seq = 0;
  text = '';
  ended: End | undefined;

  /** Takes an event. Returns false when an earlier event is missing, which `resume` must fetch. */
  take(name: string, data: RunEvent): boolean {
    if (this.ended || data.attempt < this.attempt) return true;
    if (data.attempt === this.attempt && data.seq <= this.seq) return true;
    const begins = data.attempt > this.attempt && (data.seq === 1 || data.seq === data.attempt * 1_000_000);
    const follows = data.attempt === this.attempt && data.seq === this.seq + 1;
    if (!begins && !follows) return false;
    this.replace(name, data);
    return true;
  }

  /** Takes an event without looking at earlier ones: `resume` answers with one when the log has expired. */
  replace(name: string, data: RunEvent): void {
    if (data.attempt > this.attempt) this.text = '';
    this.attempt = data.attempt;
    this.seq = data.seq;
    if (name === 'response.restart') this.text = '';
    if (name === 'response.delta') this.text += data.delta ?? '';
    if (TERMINAL.includes(name)) {
      this.text = data.content ?? this.text;
      this.ended = { name, data, text: this.text };
    }
  }
}
