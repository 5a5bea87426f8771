package parse_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	q "github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// spoken is what one language's words are to be read as, by the type of the slot.
type spoken map[q.Type]map[string]any

// ask stands for words that must not be read.
const ask = problem("")

// now is Monday, 23 November 2026, 15:04.
var languages = map[string]spoken{
	"en": {
		q.Boolean: {"I can't say no": ask, "I need to think": ask, "I don't see why not": true, "yes": true, "yeah probably": true, "👍": true, "not needed": false, "no thanks": false, "No, I don't need it": false, "no. I said the fourth of July": false, "disagree, it is not ok": false, "yes but only on weekends": ask, "yes or no": ask, "is it expensive?": ask},
		q.Number: {"5 g": ask, "5t": ask, "$5t": 5e12, "60 km per hour": 60.0, "6 million a year": ask, "6k a year": ask, "$5 a head": ask, "5'10\"": ask, "1'000.5": 1000.5, "an hour and a half": 1.5, "2 1/2": 2.5, "three quarters": 0.75, "two and a half million": 2.5e6, "5k": 5000.0, "none": 0.0, "a couple": 2.0, "at least 30": ask, "up to 5": ask,
			"between 5 and 10": ask, "30 or more": ask, "30, or maybe 40": ask, "not 30": ask, "a fortnight": ask, "30 zorps": ask, "zorp 30": ask, "one twenty-fifth": 0.04, "a hundred trillionths": 1e-10, "3 million and a quarter": 3.25e6, "six million and three fifths": 6.6e6, "42 Egyptian pounds": 42.0, "MXN$ 15": 15.0, "12,34,567.5 rupees": 1234567.5, "12,34,56": ask,
			"[30,50]": ask, "limited to 30": ask, "10 lira 11a": 10.0, "fifty-four hundredths": 0.54, "$1.5bn": 1.5e9, "12e-1": 1.2},
		q.Date: {"the 8th": "2026-12-08", "the 24th of this month": "2026-11-24", "Tuesday next week": "2026-12-01", "Christmas": "2026-12-25", "friday the 27th": "2026-11-27",
			"no, on the 5th": "2026-12-05", "Thanksgiving": "2026-11-26", "easter 2027": "2027-03-28", "the week of the 18th": ask, "before March 3rd": ask, "from Monday to Friday": ask,
			"every Friday": ask, "March 3rd or 4th": ask, "this friday": "2026-11-27", "next friday": ask, "orthodox easter": "2027-05-02", "unorthodox easter": ask, "19th to 21st august": ask, "in a fortnight": "2026-12-07", "2 weeks after Christmas": "2027-01-08"},
		q.Time: {"five pm": "17:00:00", "1430": "14:30:00", "8 o'clock": "08:00:00", "half past 6": "06:30:00", "quarter to two in the afternoon": "13:45:00", "half past 9 in the morning": "09:30:00",
			"ten forty five am": "10:45:00", "9 tomorrow evening": "21:00:00", "half past 3": ask, "half nine": "09:30:00", "5 to 7": ask, "in 15": ask, "134 this afternoon": ask, "730 in the evening": "19:30:00", "from 2 to 4pm": ask, "after 7": ask},
		q.Text: {"no idea tbh": q.Unknown, "I'd rather not say, sorry": q.Declined, "n/a": q.NotApplicable, "a red one": "a red one"},
	},
	"de": {
		q.Boolean: {"gut möglich": ask, "wir brauchen noch Zeit": ask, "passt nicht": false, "das geht leider nicht": false, "geht nicht nur am Montag": ask, "das sollte klappen": true, "eher ja": true, "ja": true, "na klar": true, "von mir aus": true, "so ist es": true, "geht nicht": false, "ich will das nicht": false, "nein danke": false, "brauche ich nicht": false, "passt mir": true, "nicht nötig": false, "ja, aber nur am Wochenende": ask, "auf jeden Fall": true, "ich bin dafür": true, "kommt nicht in Frage": false, "ich glaube kaum": false, "ganz im Gegenteil": false, "ich bin nicht dagegen": true},
		q.Number:  {"5 g": ask, "5T": ask, "100 Kilometer pro Stunde": 100.0, "100 Euro pro Stunde": ask, "dreiundzwanzig": 23.0, "5 Millionen": 5e6, "zweitausendachtzehn": 2018.0, "1,5": 1.5, "5.000": 5000.0, "anderthalb": 1.5, "ein halbes Dutzend": 6.0, "mindestens 30": ask, "zwischen 5 und 10": ask, "höchstens fünf": ask, "5 oder 6": ask, "keiner": 0.0, "3 Teelöffel": 3.0, "zwei Drittel": 2.0 / 3, "dreiviertel Million": 750000.0, "eine viertel Million": 250000.0, "siebeneinhalb": 7.5, "drei Zweiunddreißigstel": 3.0 / 32, "drei Milliarden zweihundert Millionen": 3.2e9, "zweitausend durch fünf": 400.0, "75 EUR Millionen": 75e6, "acht Tage": ask, "Im Jahr 2003 hat es 5 € gekostet": 5.0, "wir sind zu viert": 4.0, "zwanzig drei": ask, "je 20": ask},
		q.Date: {"heute": "2026-11-23", "übermorgen": "2026-11-25", "am 3. März": "2027-03-03", "15.2.": "2027-02-15", "3-7-27": ask, "3/7/27": "2027-07-03", "nächste Woche Dienstag": "2026-12-01", "Weihnachten": "2026-12-25", "1. Advent": "2026-11-29", "in zwei Wochen": "2026-12-07",
			"zwischen dem 4. und dem 22. Januar": ask, "bis Freitag": ask, "nächste Woche": ask, "auf keinen Fall Donnerstag": ask, "an einem Donnerstag": ask, "Donnerstag in acht Tagen": "2026-12-03", "morgen in einer Woche": "2026-12-01", "Mittwoch vor zwei Wochen": "2026-11-11", "übernächsten Freitag": ask, "am 3. März nächsten Jahres": "2027-03-03", "am 3. letzten Monats": "2026-10-03", "ich war am 3. März da": ask, "Montagabend": "2026-11-30", "heute Morgen": "2026-11-23", "am Dienstag morgen": "2026-11-24"},
		q.Time: {"15 Uhr": "15:00:00", "halb sechs abends": "17:30:00", "viertel nach acht": "08:15:00", "um 20:15": "20:15:00", "halb sechs": "05:30:00", "halb 4": ask, "von 9 bis 17 Uhr": ask, "am 8. um 9": "09:00:00", "9 Uhr bis abends": ask, "Montagabend um 8": "20:00:00", "um 3": ask, "19 Uhr zu viert": "19:00:00", "3 Uhr": "03:00:00", "um 8": "08:00:00", "morgen Mittag": ask, "12 Uhr mittags": "12:00:00"},
		q.Text: {"weiß nicht": q.Unknown, "keine Ahnung, leider": q.Unknown, "das möchte ich nicht sagen": q.Declined, "trifft nicht zu": q.NotApplicable, "puh, das weiß ich leider noch nicht": q.Unknown, "da bin ich mir nicht sicher": q.Unknown, "das behalte ich für mich": q.Declined, "nächste Frage bitte": q.Declined, "gilt nicht für uns": q.NotApplicable, "weiß nicht, wie rot": "weiß nicht, wie rot"},
	},
	"fr": {
		q.Boolean: {"si nécessaire": ask, "ni oui ni non": ask, "ça devrait aller": true, "oui": true, "pourquoi pas": true, "sans aucun doute": true, "en aucun cas": false, "non non": false, "bien sûr": true, "pas du tout": false, "non merci": false, "ce n'est pas nécessaire": false, "oui ou non": ask, "je suis partant": true, "ce n'est pas exactement ça": false, "j'en doute": false, "n'est pas ok": false, "oui. J'ai dit non": true, "je suis contre": false, "je n'en doute pas": true},
		q.Number:  {"5 t": ask, "60 km à l'heure": 60.0, "6 millions l'an": ask, "6 millions une fois": ask, "deux mille un euros": 2001.0, "trois et demi": 3.5, "3 cents": ask, "trente et quelques": ask, "aucun": 0.0, "quatre-vingt-dix-sept": 97.0, "soixante et onze": 71.0, "deux mille vingt-six": 2026.0, "3 millions et demi": 3.5e6, "1,5": 1.5, "au moins 10": ask, "plus de deux": ask, "entre 5 et 10": ask, "une douzaine": 12.0, "mille cent": 1100.0, "un million mille": 1001000.0, "deux mille millions": 2e9, "un milliard deux cents millions trois mille quatre": 1200003004.0, "septante-deux": 72.0, "huitante et un": 81.0, "un vingt et unième": 1.0 / 21, "cent trente-deux cinquièmes": 26.4, "cent trente cinquièmes": ask, "trente et un cinquièmes": ask, "quart de million": 250000.0, "trois quarts de million": 750000.0, "4 mille 3 cents et 21": 4321.0, "3 cent un": 301.0, "deux mille sur cinq": 400.0, "huit sur dix": ask, "une trentaine": 30.0, "1e10": 1e10, "journée entière": 1.0, "un 5 %": 5.0, "75 USD millions": 75e6, "quinze jours": ask, "deux virgule cinq millions": 2.5e6, "En 2003 elle a coûté 5 €": 5.0, "En 2003, 5": ask, "des centaines": ask, "deux douzaines et demie": 30.0},
		q.Date:    {"demain": "2026-11-24", "le 3 mars": "2027-03-03", "Noël": "2026-12-25", "mardi de la semaine prochaine": "2026-12-01", "dans deux semaines": "2026-12-07", "avant le 3 mars": ask, "la semaine prochaine": ask, "du 3 au 5 mars": ask, "mardi en huit": "2026-12-01", "lundi en huit": ask, "demain en quinze": "2026-12-08", "le 3 mars dernier": ask, "Noël dernier": ask, "le 3 mars de l'année prochaine": "2027-03-03", "le premier lundi": ask, "le premier lundi de mars": "2027-03-01", "surtout pas jeudi": ask, "un jeudi": ask, "d'ici deux semaines": ask, "le 5 du mois": ask, "le troisième jour de mars": "2027-03-03", "une table pour le 27": "2026-11-27", "je suis arrivé le 3 mars": ask, "je suis arrivé le 3 mars 2020": "2020-03-03"},
		q.Time:    {"15h30": "15:30:00", "huit heures et demie": "08:30:00", "7 heures du soir": "19:00:00", "midi et quart": "12:15:00", "trois heures et quart": ask, "de 15h à 16h": ask, "pour 3 heures": ask, "pour 15h": "15:00:00", "8h jusqu'au soir": ask, "un rendez-vous le matin": ask, "10 mercredi matin": ask, "une heure du matin": "01:00:00"},
		q.Text:    {"je préfère ne pas dire": q.Declined, "aucune idée": q.Unknown, "sans objet": q.NotApplicable, "bon, je l'ignore": q.Unknown, "on n'a pas encore décidé": q.Unknown, "je garde ça pour moi": q.Declined, "passons à la suite": q.Declined, "ça ne nous concerne pas": q.NotApplicable},
	},
	"es": {
		q.Boolean: {"no sé si sí": ask, "ni sí ni no": ask, "sí": true, "si": true, "claro que sí": true, "para nada": false, "no, gracias": false, "no es necesario": false, "sí, pero solo los fines de semana": ask, "faltaría más": true, "ni hablar": false, "lo dudo": false, "de acuerdo": true, "si hace falta": ask, "no lo dudo": true},
		q.Number:  {"5 g": ask, "5 € por hora": ask, "60 km por hora": 60.0, "$ un mil millones": 1e9, "30 y pico": ask, "ninguno": 0.0, "veintitrés": 23.0, "20 mil": 20000.0, "5.000": 5000.0, "treinta y uno": 31.0, "dos mil quinientos": 2500.0, "medio millón": 5e5, "al menos 30": ask, "entre 5 y 10": ask, "mayores que 20": ask, "equivale a 20": ask, "mil cien": 1100.0, "dos billones cuatrocientos mil doscientos millones quinientos mil": 2400200500000.0, "un billón y medio millón": 1000000500000.0, "cinco billones con tres cuartos": 5.75e12, "tres cuartos de millón": 750000.0, "tres veinticincoavos": 0.12, "treintaidós": 32.0, "veintiún mil": 21000.0, "cinco coma dos": 5.2, "creció un 14,8 %": 14.8, "4 mil 300": 4300.0, "un día entero": 1.0, "una treintena": 30.0, "quince días": ask, "un par": 2.0, "un par más": ask, "En 2003 me costó 5 €": 5.0, "demandó a 20th por $ 5": 5.0, "apenas 100 metros": 100.0, "tan tarde como 5": ask, "desde 1990 son 5": ask, "miles de euros": ask, "una docena y media": 18.0, "docena y media": ask},
		q.Date:    {"mañana": "2026-11-24", "pasado mañana": "2026-11-25", "el 3 de marzo": "2027-03-03", "Navidad": "2026-12-25", "hace 3 días": "2026-11-20", "antes del viernes": ask, "la próxima semana": ask, "mejor no el jueves": ask, "un jueves cualquiera": ask, "el próximo 3 de marzo": "2027-03-03", "el 3 de marzo del año pasado": "2025-03-03", "como muy tarde el jueves": ask, "el jueves en ocho días": "2026-12-03", "este lunes": ask, "reserve para el 27": "2026-11-27", "nací el 3 de marzo": ask, "nací el 3 de marzo de 1990": "1990-03-03", "el 3 de marzo a las 9 de la mañana": "2027-03-03"},
		q.Time:    {"a las 8 de la noche": "20:00:00", "las siete y media": "07:30:00", "mediodía": "12:00:00", "a las tres y media": ask, "de 4 a 5": ask, "3 horas": ask, "a las 3 horas": "03:00:00", "15 horas": "15:00:00", "una hora antes de las 8": ask},
		q.Text:    {"ni idea": q.Unknown, "prefiero no decirlo": q.Declined, "no aplica": q.NotApplicable, "la verdad, no sabría decirte": q.Unknown, "aún no lo hemos decidido": q.Unknown, "eso es asunto mío": q.Declined, "siguiente por favor": q.Declined, "no es nuestro caso": q.NotApplicable},
	},
	"it": {
		q.Boolean: {"sì": true, "certo": true, "per niente": false, "no grazie": false, "non è necessario": false, "sì, ma solo nel fine settimana": ask, "senz'altro": true, "neanche per sogno": false, "direi di no": false},
		q.Number:  {"20 e passa": ask, "ventitré": 23.0, "duemilacinquecento": 2500.0, "mezzo milione": 5e5, "5.000": 5000.0, "almeno 30": ask, "tra 5 e 10": ask, "una dozzina": 12.0, "millecento": 1100.0, "due milioni trecentomila quattro": 2300004.0, "tre mila miliardi": 3e12, "tre quarti di milione": 750000.0, "tre undicesimi": 3.0 / 11, "un miliardo e mezzo": 1.5e9, "duemila fratto cinque": 400.0, "due virgola cinque": 2.5, "una trentina": 30.0, "un giorno intero": 1.0, "quindici giorni": ask},
		q.Date:    {"domani": "2026-11-24", "dopodomani": "2026-11-25", "il 3 marzo": "2027-03-03", "Natale": "2026-12-25", "lunedì prossimo": "2026-11-30", "fra due settimane": "2026-12-07", "entro venerdì": ask, "la settimana prossima": ask, "un giovedì qualsiasi": ask, "il 3 marzo scorso": ask, "il 3 marzo dell'anno prossimo": "2027-03-03", "giovedì a otto": "2026-12-03", "assolutamente no giovedì": ask, "il giovedì": ask, "l'ultimo giovedì": ask, "sono nato il 3 marzo": ask},
		q.Time:    {"alle 8 di sera": "20:00:00", "le sette e mezza": "07:30:00", "mezzogiorno": "12:00:00", "alle tre e mezza": ask, "3 ore": ask, "per tre ore": ask},
		q.Text:    {"boh": q.Unknown, "non lo so": q.Unknown, "preferisco non rispondere": q.Declined, "non applicabile": q.NotApplicable, "mah, non ne ho la minima idea": q.Unknown, "non abbiamo ancora deciso": q.Unknown, "lo tengo per me": q.Declined, "salta questa domanda": q.Declined, "non ci riguarda": q.NotApplicable},
	},
	"pt": {
		q.Boolean: {"sim": true, "com certeza": true, "de jeito nenhum": false, "não, obrigado": false, "não é necessário": false, "sim, mas só nos fins de semana": ask, "pode ser": true, "nem pensar": false, "acho que não": false},
		q.Number:  {"20 e tal": ask, "vinte e três": 23.0, "dois mil e quinhentos": 2500.0, "cento e vinte e um": 121.0, "5.000": 5000.0, "2 milhões": 2e6, "pelo menos 30": ask, "entre 5 e 10": ask, "mil e cem": 1100.0, "três mil e duzentos milhões": 3.2e9, "dois milhões trezentos mil e quatro": 2300004.0, "três quartos de milhão": 750000.0, "três onze avos": 3.0 / 11, "um bilhão e meio": 1.5e9, "dois mil sobre cinco": 400.0, "dois vírgula cinco": 2.5, "quinze dias": ask},
		q.Date:    {"amanhã": "2026-11-24", "dia 3 de março": "2027-03-03", "Natal": "2026-12-25", "na próxima segunda": "2026-11-30", "daqui a duas semanas": "2026-12-07", "até sexta": ask, "na próxima semana": ask, "uma quinta": ask, "o 3 de março passado": ask, "3 de março do ano que vem": "2027-03-03", "de jeito nenhum quinta": ask, "cheguei no dia 3 de março": ask},
		q.Time:    {"às 8 da noite": "20:00:00", "sete e meia": "07:30:00", "meio-dia": "12:00:00", "três e meia": ask, "3 horas": ask, "às 3 horas": "03:00:00"},
		q.Text:    {"não sei": q.Unknown, "não faço ideia": q.Unknown, "prefiro não responder": q.Declined, "não se aplica": q.NotApplicable, "olha, não faço a mínima ideia": q.Unknown, "ainda não decidimos": q.Unknown, "não quero falar sobre isso": q.Declined, "próxima por favor": q.Declined, "não é o meu caso": q.NotApplicable},
	},
	"nl": {
		q.Boolean: {"past me niet": false, "dat lukt": true, "ja": true, "jazeker": true, "helemaal niet": false, "nee bedankt": false, "niet nodig": false, "ja, maar alleen in het weekend": ask, "zeker weten": true, "geen sprake van": false, "ik denk het niet": false},
		q.Number:  {"6 miljoen een jaar": ask, "drieëntwintig": 23.0, "tweeduizend vijfhonderd": 2500.0, "vijf miljoen": 5e6, "5.000": 5000.0, "anderhalf": 1.5, "minstens 30": ask, "tussen 5 en 10": ask, "elfhonderd": 1100.0, "twee miljoen driehonderdduizend vier": 2300004.0, "een kwart miljoen": 250000.0, "driekwart": 0.75, "drie elfde": 3.0 / 11, "vierenhalf": 4.5, "tweeduizend gedeeld door vijf": 400.0, "twee komma vijf": 2.5, "acht dagen": ask, "met z'n tweeën": 2.0, "duizenden": ask, "twintig drie": ask},
		q.Date:    {"morgen": "2026-11-24", "overmorgen": "2026-11-25", "3 maart": "2027-03-03", "Kerstmis": "2026-12-25", "volgende week dinsdag": "2026-12-01", "over twee weken": "2026-12-07", "voor vrijdag": ask, "volgende week": ask, "een donderdag": ask, "3 maart volgend jaar": "2027-03-03", "donderdag over een week": "2026-12-03", "zeker niet donderdag": ask, "maandagavond": "2026-11-30", "ik was er op 3 maart": ask},
		q.Time:    {"half zes": "05:30:00", "kwart over zes 's avonds": "18:15:00", "15 uur": "15:00:00", "half vier": ask, "om 3": ask, "om 8": "08:00:00"},
		q.Text:    {"weet ik niet": q.Unknown, "geen idee": q.Unknown, "dat zeg ik liever niet": q.Declined, "niet van toepassing": q.NotApplicable, "tja, ik zou het niet weten": q.Unknown, "dat staat nog niet vast": q.Unknown, "dat houd ik voor mezelf": q.Declined, "sla deze vraag over": q.Declined, "geldt niet voor ons": q.NotApplicable},
	},
	"zh": {
		q.Boolean: {"是的": true, "好的": true, "不行": false, "不需要": false, "没问题的": true, "绝对不行": false, "算了": false},
		q.Number:  {"一共30": 30.0, "我们一起5个": 5.0, "一30": ask, "2.3万": 23000.0, "三百二十一": 321.0, "四百五": 450.0, "一万三千": 13000.0, "二十": 20.0, "至少30": ask, "五百以上": ask, "等于一百": ask, "10到20": ask, "2成": ask, "五分之一": 0.2, "百分之五": 5.0, "三百五又三分之一": 350 + 1.0/3, "负一又二分之一": -1.5, "千分之五": ask, "一百分之五": ask, "一万零十二": 10012.0, "五十打": 600.0, "十五斤半": 15.5, "三块五": 3.5, "3元5角": 3.5, "一两个": ask, "1万2": ask, "打对折": ask},
		q.Date:    {"明天": "2026-11-24", "3月5日": "2027-03-05", "下周": ask},
		q.Text:    {"不知道": q.Unknown, "不想说": q.Declined, "不适用": q.NotApplicable, "我也不清楚": q.Unknown, "还没有决定": q.Unknown, "这是隐私": q.Declined, "跳过这题": q.Declined, "与我们无关": q.NotApplicable},
	},
}

func TestReadIn(t *testing.T) {
	for language, types := range languages {
		for typ, words := range types {
			for text, want := range words {
				t.Run(language+" "+string(typ)+" "+text, func(t *testing.T) {
					t.Parallel()
					got := parse.Read(q.Slot{Type: typ}, text, parse.Context{Now: now, Language: language})
					switch want := want.(type) {
					case problem:
						assert.Nil(t, got.Value)
						assert.NotEmpty(t, got.Problem)
					case q.Outcome:
						assert.Equal(t, want, got.Outcome)
						assert.Empty(t, got.Problem)
					default:
						assert.Equal(t, want, got.Value, got.Problem)
					}
				})
			}
		}
	}
}

func TestTheWordsTellTheLanguage(t *testing.T) {
	for words, want := range map[string]string{"weiß nicht": "de", "je ne sais pas": "fr", "veinticinco": "es", "ventiquattro": "it", "obrigado, amanhã": "pt", "half zes": "nl", "三百": "zh", "five": "en", "5": ""} {
		assert.Equal(t, want, parse.Read(q.Slot{Type: q.Number}, words, at).Language, words)
	}
}

func TestDigitsAreAskedWhereNoLanguageSettlesThem(t *testing.T) {
	number := q.Slot{Type: q.Number}
	assert.NotEmpty(t, parse.Read(number, "5.000", at).Problem)
	assert.Equal(t, 5000.0, parse.Read(number, "5.000", parse.Context{Now: now, Language: "es-MX"}).Value)
	assert.Equal(t, 5.0, parse.Read(number, "5.000", parse.Context{Now: now, Language: "en"}).Value)
	assert.Equal(t, 5000.0, parse.Read(number, "5.000 euros", at).Value)
}

// A word that nobody knows, before a value or behind it, makes no other value of it.
func TestAnUnknownWordBesideMakesNoOtherValueInAnyLanguage(t *testing.T) {
	t.Parallel()
	for language, types := range languages {
		for typ, words := range types {
			if typ == q.Text {
				continue // where every word counts
			}
			for text, want := range words {
				for _, with := range []string{"zorp " + text, text + " zorp"} {
					got := parse.Read(q.Slot{Type: typ}, with, parse.Context{Now: now, Language: language})
					assert.True(t, got.Value == nil || got.Value == want, "%s %s: %q is read as %v", language, typ, with, got.Value)
				}
			}
		}
	}
}

// An amount is converted to the unit of its slot, and people are counted as they name
// themselves.
func TestAmountsAndPeopleInEveryLanguage(t *testing.T) {
	t.Parallel()
	for language, slots := range map[string]map[string]map[string]any{
		"de": {"Duration (hours)": {"anderthalb Stunden": 1.5, "1 Std. 30": 1.5, "eine Viertelstunde": 0.25, "2 Stunden 15": 2.25}, "Number of guests": {"meine Frau und ich": 2.0, "meine Eltern und ich": 3.0, "zu viert": 4.0, "vier Personen, davon zwei Kinder": 4.0}, "Budget": {"3 Euro 50": 3.5, "50 Cent": ask, "300 pro Person": ask}},
		"fr": {"Duration (hours)": {"une heure et demie": 1.5, "1h30": 1.5, "2 h 30": 2.5, "un quart d'heure": 0.25, "toute la journée": ask, "2 heures 30 personnes": ask}, "Number of guests": {"ma femme et moi": 2.0, "mes parents et moi": 3.0, "quatre personnes dont deux enfants": 4.0}, "Budget": {"1,5 k€": 1500.0, "3 euros 50": 3.5, "50 centimes": ask}},
		"es": {"Duration (hours)": {"una hora y media": 1.5, "1 h 30 min": 1.5, "un cuarto de hora": 0.25}, "Number of guests": {"mi mujer y yo": 2.0, "mis padres y yo": 3.0, "seremos 4": 4.0}, "Budget": {"3 euros con 50": 3.5, "50 céntimos": ask, "300 por persona": ask}},
		"it": {"Duration (hours)": {"un'ora e mezza": 1.5, "due ore e un quarto": 2.25}, "Number of guests": {"mia moglie e io": 2.0, "i miei genitori e io": 3.0, "nessuno": 0.0}},
		"pt": {"Duration (hours)": {"uma hora e meia": 1.5, "1h30": 1.5}, "Number of guests": {"minha mulher e eu": 2.0, "ninguém": 0.0}},
		"nl": {"Duration (hours)": {"anderhalf uur": 1.5, "drie kwartier": 0.75, "twee uur en een kwartier": 2.25}, "Number of guests": {"mijn vrouw en ik": 2.0, "met z'n vieren": 4.0, "niemand": 0.0}},
	} {
		for title, replies := range slots {
			for words, want := range replies {
				got := parse.Read(q.Slot{Key: "slot", Title: title, Type: q.Number}, words, parse.Context{Now: now, Language: language})
				if want == ask {
					want = nil
				}
				assert.Equal(t, want, got.Value, "%s, %s: %s %s", language, title, words, got.Problem)
			}
		}
	}
}
