import { addWord, emptyVocabulary } from './mend.ts';

/**
 * Words that people put around any question. They say nothing about its subject, but as words of no FAQ they would count
 * against each: a long friendly question would cover little of itself. English and German stop words are among them.
 */
const FILLERS = new Set(
  `i me we us he it to of in at as by if or so no a an be do on up am
  hello hi hey dear please thanks thank would could should shall might may can cannot cant want wants wanted like need needs
  wish hope think know wonder wondering tell say said ask asking asked question possible somebody someone something anybody
  anyone anything nobody nothing everything everybody thing things sort kind lot bit just really actually maybe perhaps still
  already even ever never always sometimes often quite rather very much many get got getting gets go going goes gone let make
  makes made the this that these those you your yours our ours their theirs them they she his her him its mine who whom whose what
  when where which why how are was were been being does did done has had have and but nor for from with without into onto over
  under about after before because while than then there here out off not only both each other seem seems try tried trying able well yes ok okay sorry unfortunately whether anyway somewhere somehow
  der die das den dem des ein eine einen einem einer eines ich mich mir mein meine meinen meinem meiner du dich dir dein deine er
  ihn ihm sie ihr ihre ihren ihrem ihrer ihnen es wir uns unser unsere euch sich wer wen wem was wann wo wohin woher wie warum
  wieso weshalb welche welcher welches welchen welchem ist sind war waren bin bist sein wird werde werden hat habe haben hatte
  hatten und oder aber nicht kein keine keinen wenn dass weil als ob für von vom mit ohne bei beim zum zur aus auf über unter
  nach vor durch gegen um im ins am an so nur denn dann also man
  hallo guten tag bitte danke würde würden möchte möchten will wollen wollte könnte könnten kann können soll sollte muss müssen
  brauche brauchen wünsche hoffe glaube denke weiß wüsste frage fragen sagen sag jemand niemand etwas nichts alles sache sachen
  eigentlich vielleicht noch schon auch immer nie manchmal oft ganz ziemlich sehr viel viele gern gerne bekomme bekommen kriege
  kriegen gehe gehen geht komme kommen kommt lasse lassen mache machen macht tue tun gibt leider bald wieder möglich dafür dazu
  damit davon hier dort mal eben halt wohl irgendwie irgendwo gerade einfach trotzdem
  bonjour merci voudrais veux peux peut pouvez pourrais dois faut besoin quelque chose quelqu'un toujours encore déjà aussi
  hola gracias quiero quisiera puedo puede podría debo necesito algo alguien siempre todavía también
  ciao buongiorno grazie vorrei voglio posso può potrei devo bisogno qualcosa qualcuno sempre ancora anche
  goedendag dank graag wil zou kan kunnen moet moeten nodig iets iemand altijd nog ook`.split(/\s+/),
);

/** Returns a text without its fillers; a text of fillers alone stays as it is. */
export function withoutFillers(text: string): string {
  const left = text.replace(WORD, (word) => (FILLERS.has(word.toLowerCase()) ? ' ' : word));
  return /[\p{L}\p{N}]/u.test(left) ? left : text;
}

/**
 * Words of many questions about anything: what one does, how much and when. Beside the thing that it is done to they say
 * little: resetting a router has nothing to do with resetting a password.
 */
export const LIGHT: ReadonlySet<string> = new Set(
  `change open close cancel delete remove add set reset start stop begin end find see watch show send use work help take bring
  give keep put turn move call write read run build create install download update check choose switch valid buy order pay sell rent
  learn play meet clean repair cost costs price long best good better new old big small high low fast cheap next last first day
  days week weeks month months year years hour hours time today yesterday tomorrow people place way name number part list
  ändern wechseln wechsle öffnen öffne schließen kündigen kündige löschen lösche entfernen entferne hinzufügen einstellen setzen
  setze stellen stelle zurücksetzen zurück starten anfangen beginnen beginnt enden stoppen beenden finden finde sehen sehe zeigen
  schicken senden benutzen nutzen verwenden helfen nehmen nehme bringen bringe geben gebe behalten legen anrufen schreiben lesen
  laufen läuft bauen erstellen installieren herunterladen aktualisieren prüfen wählen gültig kaufen kaufe bestellen bestelle bezahlen
  zahlen verkaufen mieten lernen spielen treffen reinigen reparieren kosten kostet preis lang lange dauert beste gut besser neu
  neue alt große klein hoch schnell billig nächste letzte erste tag tage woche wochen monat jahr stunde zeit heute gestern morgen
  leute ort name nummer teil liste`.split(/\s+/),
);

/** Fillers and light words, ready for comparison. */
export const EVERYDAY = emptyVocabulary();
for (const word of [...FILLERS, ...LIGHT]) addWord(EVERYDAY, word);

/** Says whether a text has a subject of its own: two words at least, one of which does not belong to any question. */
export function hasSubject(text: string): boolean {
  const words = (withoutFillers(text).toLowerCase().match(WORD) ?? []).filter((word) => word.length > 2);
  const own = words.filter((word) => !FILLERS.has(word));
  if (own.some((word) => UNSEGMENTED.test(word))) return true;
  return own.length >= 2 && own.some((word) => !LIGHT.has(word));
}

/** Returns the words of a text that say little beside others. */
export function lightWords(text: string): string[] {
  const words = text.toLowerCase().match(WORD) ?? [];
  return [...new Set(words)].filter((word) => LIGHT.has(word));
}

/** Several characters in a row of a script without spaces. */
const UNSEGMENTED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Myanmar}\p{sc=Khmer}]{3}/u;

const WORD = /[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*/gu;
