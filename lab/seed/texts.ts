/**
 * A generated FAQ, to measure and try search at volume. Combines a product, an action on a part of it, and an occasion.
 * FAQs share some of these, so that a few are near, more are less near and most are far, as with real texts.
 */
export type SyntheticFaq = {
  slug: string;
  question: string;
  answer: string;
  keywords: string[];
};

/** Returns the FAQ of a number from 0. One number always gives the same FAQ, and no two FAQs are equal. */
export function syntheticFaq(n: number): SyntheticFaq {
  const { brand, noun, part, verb, when } = topicOf(n);
  const product = `${brand} ${noun}`;
  const say = QUESTIONS[n % QUESTIONS.length] ?? QUESTIONS[0];
  return {
    slug: `synthetic-${n + 1}`,
    question: say(verb.word, part.word, product, when.word),
    answer: `${verb.answer.replace('IT', `the ${part.word}`)} ${part.answer} With a ${product} it takes about ${2 + (n % 58)} minutes. ${when.answer}`,
    keywords: [brand, noun, part.word],
  };
}

/** Returns a user's question for the FAQ of a number: fewer words, in another order, one of them misspelt. */
export function syntheticQuery(n: number): string {
  const { brand, noun, part, verb, when } = topicOf(n);
  const words = [brand, noun, part.word, `${verb.word}ing`, ...(n % 3 === 0 ? [when.word] : [])];
  return words.map((word, i) => (i === n % 4 ? misspelt(word) : word)).join(' ');
}

function misspelt(word: string): string {
  const at = word.length >> 1;
  return `${word.slice(0, at - 1)}${word[at]}${word[at - 1]}${word.slice(at + 1)}`;
}

type Topic = { brand: string; noun: string; part: Words; verb: Words; when: Words };
type Words = { word: string; answer: string };

function topicOf(n: number): Topic {
  // A prime without a common factor with the number of combinations, so that every number gives another combination.
  let rest = (n * 15_485_863) % COMBINATIONS;
  const take = <T>(list: T[]): T => {
    const taken = list[rest % list.length] as T;
    rest = Math.floor(rest / list.length);
    return taken;
  };
  const noun = take(NOUNS);
  const part = take(PARTS);
  const brand = take(BRANDS);
  return { brand, noun, part, verb: take(VERBS), when: take(TIMES) };
}

type Say = (verb: string, part: string, product: string, when: string) => string;
const QUESTIONS: [Say, ...Say[]] = [
  (verb, part, product, when) => `How do I ${verb} the ${part} of my ${product} ${when}?`,
  (verb, part, product, when) => `Can I ${verb} the ${part} of a ${product} ${when}?`,
  (verb, part, product, when) => `What is needed to ${verb} a ${product}'s ${part} ${when}?`,
  (verb, part, product, when) => `My ${product}: how would I ${verb} its ${part} ${when}?`,
];

const BRANDS = ['Al', 'Bre', 'Cor', 'Del', 'Fen', 'Gal', 'Hel', 'Jor', 'Kel', 'Mar'].flatMap((head) =>
  ['dano', 'fika', 'tura', 'vexo', 'zimo'].map((tail) => head + tail),
);
const NOUNS =
  `scanner printer router camera monitor keyboard speaker headset tablet watch thermostat doorbell kettle oven fridge
  washer dryer vacuum mixer toaster lamp fan heater drone scooter bicycle tent stroller projector microphone amplifier guitar
  piano telescope microscope scale drill saw mower pump`.split(/\s+/);
const PARTS: Words[] = pairs(`
  password: A password has at least eight characters.
  warranty: The warranty lasts two years from the day of purchase.
  invoice: Invoices are kept for ten years under orders.
  battery: A battery survives some eight hundred charges.
  firmware: The newest firmware stands on the download page.
  subscription: A subscription runs until the end of its month.
  address: Addresses are checked against the postal register.
  cable: Only the grey cable carries data.
  filter: Filters come in packs of three.
  display: The display is protected by a film of plastic.
  account: One account serves up to six people.
  licence: A licence belongs to one serial number.
  alarm: Alarms fall silent after ten minutes.
  language: Fourteen languages are on board.
  receipt: Receipts are sent as PDF.
  backup: Backups hold the last thirty days.
  sensor: Sensors want to be dusted twice a year.
  remote: The remote pairs within three metres.
  manual: Manuals are printed on recycled paper.
  delivery: Deliveries leave the warehouse at noon.
  coupon: Coupons cannot be added together.
  network: Networks of five gigahertz are supported.
  timer: Timers count in steps of thirty seconds.
  colour: Colours fade in the sun.
  handle: Handles are screwed on from below.
`);
const VERBS: Words[] = pairs(`
  reset: Hold the button for seven seconds until IT begins anew.
  renew: Choose renewal in the customer area and confirm IT by mail.
  cancel: Write to us with the order number, and IT ends at once.
  change: Open the settings, select IT and save.
  replace: Order a spare, switch everything off and put IT in place.
  register: Enter the serial number, and IT is linked with your name.
  clean: Wipe IT with a damp cloth and no soap.
  download: Follow the link beneath IT and keep the file.
  share: Invite others by name, who then see IT as well.
  hide: Untick visibility, and nobody else finds IT.
  repair: Send IT to the workshop in its box.
  return: Print the label and bring IT to any parcel shop.
  upgrade: Compare the plans and move IT to the larger one.
  export: Choose the format, and IT arrives as an archive.
  lock: Turn the small key twice, and IT stays shut.
  unlock: Type the six digits that came with IT.
  connect: Bring both close together and wait until IT blinks blue.
  measure: Lay IT flat and read the scale from above.
  translate: Pick another tongue in the menu beside IT.
  insure: Add protection at the checkout, which covers IT against theft.
`);
const TIMES: Words[] = pairs(`
  after an update: After updates let everything restart once.
  while travelling: Abroad the prices of your country hold.
  before a move: Tell us the new home two weeks ahead.
  without internet: Offline the change waits for the next connection.
  on weekends: On weekends nobody answers the telephone.
  during winter: Frost makes plastics brittle.
  for a friend: Friends sign with their own name.
  as a student: Students show their card and save a fifth.
  with children nearby: Keep small pieces away from children.
  in an emergency: In emergencies pull the plug first.
  after a thunderstorm: Lightning may have blown the fuse.
  at night: At night the signal is dimmed.
  for a whole company: Companies are served by an adviser of their own.
  without a receipt: The bank statement is proof enough.
  before Christmas: Before the holidays parcels take longer.
  from another country: Customs may ask for a form.
`);
const COMBINATIONS = NOUNS.length * PARTS.length * BRANDS.length * VERBS.length * TIMES.length;

function pairs(lines: string): Words[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [word = '', answer = ''] = line.trim().split(': ');
      return { word, answer };
    });
}
