/**
 * Everyday words that mean about the same, English on the left and German on the right: a little of what a real model
 * knows. Written from what customers of any house ask, without the FAQs of a domain at hand.
 */
export const GENERAL = `
pay payment paid pays | zahlen bezahlen zahlung bezahlung zahle bezahle zahlt
price cost costs fee fees charge charges expensive | preis preise kosten kostet gebühr gebühren teuer entgelt
free gratis complimentary | kostenlos gratis umsonst kostenfrei
order orders ordered purchase buy bought buying | bestellen bestellung bestelle bestellt kaufen gekauft kauf kaufe
deliver delivery shipping ship shipped shipment dispatch parcel package | liefern lieferung geliefert versand versenden verschicken paket sendung zustellung
arrive arrives arrived arrival | ankommen ankommt angekommen ankunft eintreffen
return returns returned | zurückgeben rückgabe zurücksenden retoure zurückschicken rücksendung
refund refunded reimburse reimbursement | erstatten erstattung rückerstattung erstattet
exchange swap replace replacement | umtauschen umtausch tauschen ersetzen ersatz
broken broke damaged damage defective defect faulty | kaputt defekt beschädigt schaden
repair repaired fix fixed mend | reparieren reparatur repariert
lost lose stolen missing | verloren verlieren gestohlen geklaut verlust
invoice bill receipt | rechnung quittung beleg kassenbon
discount voucher coupon reduction rebate | rabatt gutschein ermäßigung nachlass
address location located directions | adresse anschrift standort anfahrt
telephone call ring | telefon anrufen anruf telefonnummer
contact reach | kontakt erreichen kontaktieren
complain complaint dissatisfied | beschweren beschwerde unzufrieden reklamation reklamieren
guarantee warranty | garantie gewährleistung
reserve reservation hold | reservieren reservierung vormerken vorbestellen
appointment slot | termin termine
cancellation revoke withdraw | stornieren stornierung kündigen kündigung kündige kündigungsfrist widerrufen widerruf absagen
postpone reschedule | verschieben verlegen
extend renew prolong extension renewal | verlängern verlängerung
late overdue delayed delay | verspätet spät verspätung überfällig
deadline period term duration | frist zeitraum dauer laufzeit
wait waiting | warten wartezeit
register registration join enrol membership member subscribe | registrieren registrierung mitglied mitgliedschaft beitreten
account profile | konto profil benutzerkonto
child children kid kids son daughter | kind kinder sohn tochter
parent parents mother father | eltern mutter vater
car vehicle | auto wagen fahrzeug pkw
park parking garage | parken parkplatz parkhaus
bike bicycle | fahrrad rad
dog dogs cat pet pets animal animals | hund hunde katze haustier haustiere tier tiere
food eat meal lunch breakfast | essen speisen mahlzeit verpflegung
drink beverage coffee | trinken getränk getränke kaffee
print printer printing copy copies | drucken drucker ausdrucken kopie kopieren
photo photos picture image photograph camera | foto fotos bild bilder kamera
size sizes fit fits | größe größen passt passen
wash clean cleaning laundry | waschen reinigen reinigung säubern
gift present | geschenk schenken
wrap packaging packing | verpackung verpacken einpacken
stock available availability | vorrätig verfügbar lieferbar
shop store | laden geschäft filiale
staff employee employees | mitarbeiter personal angestellte
job career apply application vacancy | stelle bewerbung bewerben
sick ill illness disease | krank krankheit
doctor physician | arzt ärztin
medicine medication tablets pills | medikament medikamente arznei tabletten
disabled wheelchair accessible | rollstuhl behindert barrierefrei
allergy allergic intolerance | allergie allergisch unverträglichkeit
insurance insured | versicherung versichert
abroad foreign international | ausland international
customs duty tax vat | zoll steuer mehrwertsteuer
course lesson workshop training | kurs kurse unterricht schulung workshop
toilet restroom bathroom | toilette wc
luggage bag bags suitcase | gepäck tasche koffer
lamp bulb | lampe glühbirne
battery rechargeable | akku batterie
cash coins money | bargeld münzen geld
instalment instalments | raten ratenzahlung
advertising ads newsletter | werbung newsletter
student students pupil | student studenten schüler studierende
senior retired pensioner | senioren rentner
weekend saturday sunday | wochenende samstag sonntag
holiday holidays vacation | feiertag feiertage urlaub ferien
night evening midnight | nacht abend abends nachts
fast quick quickly express | schnell rasch express eilig
track tracking trace | verfolgen sendungsverfolgung
wrong incorrect mistake error | falsch fehler fehlerhaft
instructions manual guide | anleitung handbuch bedienungsanleitung
recycle dispose disposal waste rubbish garbage trash | entsorgen entsorgung recycling müll abfall mülltonne
review rating feedback opinion | bewertung bewerten meinung
business company firm | firma unternehmen gewerblich
visit visitor visitors | besuch besuchen besucher
overnight stay | übernachten übernachtung
book books novel novels paperback title titles reading | buch bücher roman romane krimi lektüre
magazine magazines newspaper newspapers press | zeitschrift zeitschriften zeitung zeitungen presse
film films movie movies video videos dvd cinema | film filme video videos dvd kino
music song songs sound audio | musik lied lieder ton audio
game games toy toys | spiel spiele spielzeug
borrow borrowed lend lending loan loans | leihen ausleihen leihe ausleihe verleih geliehen entleihen
rent rental hire | mieten miete verleihen vermieten
collect collected pickup fetch | abholen abholung abgeholt
house home flat apartment | haus zuhause wohnung
room rooms hall | raum räume zimmer saal
key keys lock locked | schlüssel schloss gesperrt sperren
furniture sofa chair table desk | möbel sofa stuhl tisch schreibtisch
assemble assembly mount mounting | aufbauen aufbau montage montieren zusammenbauen
spare part parts component | ersatzteil ersatzteile teile bauteil
material fabric cotton wool leather | material stoff baumwolle wolle leder
colour color colours colors | farbe farben
clothes clothing dress shirt trousers | kleidung kleid hemd hose
shoe shoes boots | schuh schuhe stiefel
length width height measure measurements dimensions | länge breite höhe maß maße abmessungen
weigh weight heavy | gewicht schwer wiegen wiegt
heat heating warm warmth | heizung heizen wärme warm
cold freeze freezing cool | kalt kälte frieren kühl
light lights dark darkness | licht dunkel dunkelheit
electricity electric power current | strom elektrizität elektrisch
water tap drinking | wasser leitungswasser trinkwasser
gas smell odour stink | gas geruch riecht stinkt gestank
fire smoke smoking | feuer rauch rauchen brand
garden lawn plants | garten rasen pflanzen
street road | straße weg
bus tram metro coach | bus straßenbahn ubahn
train railway station | zug bahn bahnhof
ticket tickets admission entry entrance | ticket karte fahrkarte eintritt eingang eintrittskarte
trip travel journey | reise reisen fahrt
hotel accommodation | hotel unterkunft
swim swimming pool | schwimmen schwimmbad hallenbad
sport sports gym fitness | sport fitness turnen
event events show concert | veranstaltung veranstaltungen konzert
group groups class team | gruppe gruppen klasse mannschaft
school schools teacher | schule lehrer lehrerin
learn study studying teach | lernen unterrichten studieren
exam exams test | prüfung prüfungen
baby babies birth born pregnant pregnancy | baby babys geburt schwanger schwangerschaft
family relatives wife husband | familie angehörige frau mann
friend friends guest guests | freund freunde gast gäste
neighbour neighbours neighbor | nachbar nachbarn
old age elderly | alt alter
patient patients hospital clinic ward | patient patienten krankenhaus klinik station
emergency accident urgent ambulance | notfall unfall dringend notruf rettungswagen
pain hurt hurts injured | schmerz schmerzen weh verletzt
operation surgery procedure | operation eingriff
tooth teeth dentist | zahn zähne zahnarzt
eye eyes glasses | auge augen brille
nurse nursing care | pflege pflegen pfleger
letter letters post mail postman | brief briefe post briefträger
send sent sending | senden schicken geschickt verschickt
message notification text | nachricht mitteilung
website site page online | webseite website seite online
app application software program | app programm software anwendung
computer computers pc | computer rechner pc
mobile cell phone smartphone | handy mobiltelefon smartphone
file document documents paper papers form | datei dokument dokumente papier unterlagen formular
identity identification passport id | ausweis personalausweis reisepass
card cards | karten chipkarte
balance | kontostand guthaben
bank iban transfer | bank iban überweisung überweisen
credit debit visa mastercard | kreditkarte lastschrift
declined rejected refused denied | abgelehnt verweigert
debt owe reminder penalty fine | schulden mahnung strafe mahngebühr
loyalty points bonus | treuepunkte punkte bonus prämie
sale clearance outlet | ausverkauf schlussverkauf angebot
cheaper cheap lower less | billiger günstiger günstig weniger senken
dearer raise increase higher | erhöhen erhöhung erhöht
contract agreement tariff | vertrag verträge tarif
terminate termination end ended | beenden beendet beende
relocate relocation | umzug umziehen
provider supplier | anbieter versorger
name surname rename | name nachname vorname
date dates birthday | datum geburtstag geburtsdatum
month monthly | monat monatlich
year yearly annual | jahr jährlich
week weekly | woche wöchentlich
hour hours open opening opens | öffnungszeiten geöffnet öffnen offen
closed closes shut | geschlossen schließen
begin start starts beginning | beginnen beginn start anfang starten
help support assist assistance | hilfe helfen unterstützung
advise advice consult consultation counselling | beratung beraten rat
talk speak speaking conversation | sprechen reden gespräch
person human somebody | mensch person persönlich
volunteer voluntary | ehrenamt ehrenamtlich freiwillig freiwilliger
donate donation donations | spenden spende
suggest suggestion propose proposal | vorschlagen vorschlag anregung
rule rules allowed permitted forbidden | erlaubt verboten regeln hausordnung
safe safety secure security protect protected | sicher sicherheit schutz schützen geschützt
privacy data | datenschutz daten
subscription abo | abo abonnement
unsubscribe | abbestellen
environment sustainable green eco renewable | umwelt nachhaltig öko ökologisch ökostrom
language languages | sprache sprachen
translate translation interpreter | übersetzen übersetzung dolmetscher
machine machines device devices appliance | gerät geräte maschine maschinen
noise loud quiet silence | lärm laut leise ruhe
seat seats place places | platz plätze sitzplatz
missing incomplete absent | fehlt fehlen unvollständig
found find finding | gefunden finden fund fundbüro
forgot forgotten forget | vergessen
password pin code | passwort kennwort pin code
`;
