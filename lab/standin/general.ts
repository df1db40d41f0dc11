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
cancellation revoke withdraw | stornieren stornierung kündigen kündigung widerrufen widerruf absagen
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
photo picture image photograph | foto fotos bild bilder
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
recycle dispose disposal waste | entsorgen entsorgung recycling müll
review rating feedback opinion | bewertung bewerten meinung
business company firm | firma unternehmen gewerblich
visit visitor visitors | besuch besuchen besucher
overnight stay | übernachten übernachtung
`;
