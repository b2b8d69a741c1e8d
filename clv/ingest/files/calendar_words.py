"""Names of months and weekdays in the languages of the world's shops, and how text is folded for them."""

from __future__ import annotations

import unicodedata
from typing import Final

#: Twelve lists of names a language, in the order of its months; full names first, then abbreviations.
_MONTHS: Final = (
    # English, and with it the abbreviations that most languages share
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    # German
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber maerz apr mai juno julei aug sept okt nov dez",
    "jän feb mär apr mai jun jul aug sep okt nov dez",
    "jaen febr mrz apr mai jun jul aug sep okt nov dez",
    # French
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "jan fév mar avr mai jun jul aou sep oct nov déc",
    # Spanish
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago setiembre oct nov dic",
    "ene feb mzo abr mayo jun jul agos set oct nov dic",
    # Italian
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "genn febbr mar apr magg giugn lugl ago sett ott nov dic",
    # Portuguese
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan fev mar abr mai jun jul ago set out nov dez",
    # Catalan
    "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",
    "gen febr març abr maig juny jul ag set oct nov des",
    # Dutch
    "januari februari maart april mei juni juli augustus september oktober november december",
    "jan feb mrt apr mei jun jul aug sept okt nov dec",
    # Swedish
    "januari februari mars april maj juni juli augusti september oktober november december",
    "jan febr mar apr maj jun jul aug sep okt nov dec",
    # Danish, Norwegian
    "januar februar marts april maj juni juli august september oktober november desember",
    "jan feb mars apr mai jun jul aug sep okt nov des",
    # Finnish
    (
        "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu "
        "marraskuu joulukuu"
    ),
    (
        "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta "
        "syyskuuta lokakuuta marraskuuta joulukuuta"
    ),
    "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
    # Polish
    "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    # Czech, Slovak
    "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    "led úno bře dub kvě čvn čvc srp zář říj lis pro",
    "január február marec apríl máj jún júl august september október november december",
    "januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra",
    # Hungarian
    "január február március április május június július augusztus szeptember október november december",
    "jan febr márc ápr máj jún júl aug szept okt nov dec",
    "jan feb már ápr máj jún júl aug szep okt nov dec",
    # Romanian
    "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    "ian feb mart apr mai iun iul aug sept oct noi dec",
    # Turkish
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "oca şub mar nis may haz tem ağu eyl eki kas ara",
    # Indonesian, Malay
    "januari februari maret april mei juni juli agustus september oktober november desember",
    "jan peb mac apr mei jun jul agu sep okt nop des",
    "januari pebruari mac april mei jun julai ogos september oktober nopember disember",
    "jan feb mar apr mei jun jul agt sep okt nov dis",
    # Russian
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "янв февр мар апр мая июн июл авг сент окт нояб дек",
    # Ukrainian
    "січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "січ лют бер кві тра чер лип сер вер жов лис гру",
    "січ лют берез квіт трав черв лип серп верес жовт лист груд",
    # Bulgarian
    "януари февруари март април май юни юли август септември октомври ноември декември",
    "яну фев мар апр май юни юли авг сеп окт ное дек",
    # Greek
    (
        "ιανουάριος φεβρουάριος μάρτιος απρίλιος μάιος ιούνιος ιούλιος αύγουστος σεπτέμβριος "
        "οκτώβριος νοέμβριος δεκέμβριος"
    ),
    (
        "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου "
        "οκτωβρίου νοεμβρίου δεκεμβρίου"
    ),
    "ιαν φεβ μαρ απρ μαι ιουν ιουλ αυγ σεπ οκτ νοε δεκ",
    "ιαν φεβ μάρτ απρ μάη ιούν ιούλ αύγ σεπτ οκτ νοέμ δεκ",
    # Hebrew, Arabic
    "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר",
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
)
#: How weekdays begin or are written short, one language a line.
_WEEKDAYS: Final = (
    "mon tue wed thu fri sat sun",
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so",
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim",
    "lunes martes miercoles jueves viernes sabado domingo mie jue vie sab dom",
    "lunedi martedi mercoledi giovedi venerdi sabato domenica gio",
    "segunda terca quarta quinta sexta seg ter qua qui sex",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo din woe don vri zat zon",
    "mandag tirsdag onsdag torsdag fredag lordag lørdag sondag søndag man tir ons tor fre lor lør søn",
    "mandag tisdag mån tis lör sön",
    "maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai ma ti ke to pe la su",
    "poniedziałek wtorek środa czwartek piątek sobota niedziela pon wt śr sro czw pt sob niedz nd",
    "pondělí úterý středa čtvrtek pátek sobota neděle po út st čt pá ne",
    "hétfő kedd szerda csütörtök péntek szombat vasárnap sze csüt pén szo vas",
    "luni marti miercuri joi vineri sambata duminica mie joi vin dum",
    "pazartesi salı çarşamba perşembe cuma cumartesi pazar pzt sal çar per cum cmt paz",
    "senin selasa rabu kamis jumat sabtu minggu",
    "понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс",
    "понеділок вівторок середа четвер п'ятниця субота неділя пн вт ср чт пт сб нд",
    "δευτέρα τρίτη τετάρτη πέμπτη παρασκευή σάββατο κυριακή δευ τρί τετ πέμ παρ σάβ κυρ",
)
#: Signs of other scripts → what they stand for: digits, full-width signs, blanks, dashes.
SIGNS: Final = str.maketrans(
    "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९๐๑๒๓๔๕๖๗๘๙０１２３４５６７８９"
    "\u00a0\u202f\u2009\u3000：／－．，−–ς’",
    "0123456789" * 5 + "    :/-.,--σ'",
)


def fold(text: str) -> str:
    """Fold case, accents and the signs of other scripts."""
    if text.isascii():
        return text.strip().lower()
    plain = unicodedata.normalize("NFD", text.translate(SIGNS).lower().translate(SIGNS))
    bare = "".join(c for c in plain if unicodedata.category(c) not in {"Mn", "Mc", "Me"})
    return unicodedata.normalize("NFC", bare).strip()


#: Folded name of a month → its number.
MONTHS: Final = {
    fold(name): number for line in _MONTHS for number, name in enumerate(line.split(), 1)
}
#: Folded names of weekdays; English ones also in full.
WEEKDAYS: Final = tuple(
    sorted({fold(name) for line in _WEEKDAYS for name in line.split()}, key=lambda n: (-len(n), n))
)
