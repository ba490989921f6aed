"""lingua, real: which of our languages an idea or a story is in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.engines.embedded.language import LinguaDetector
from pipeline.engines.registry import create

IDEAS = {
    "en": (
        "a cat who lost her hat",
        "the moon is hungry",
        "two brothers and a red boat",
        "a shy dragon learns to dance",
        "a snail in a race",
        "grandma's flying bicycle",
        "a penguin who wants to fly",
        "the smallest elephant in the world",
        "a robot in the kitchen",
        "my teddy bear goes to the moon",
        "a pirate afraid of water",
        "three little ducks get lost",
        "a baby sphynx lost in an Egyptian pyramid",
        "the tree that could sing",
        "a girl and her magic pencil",
        "a bear who cannot sleep",
        "snow in the desert",
        "the king has no shoes",
        "a mouse opens a bakery",
        "a whale who sings too loudly",
    ),
    "fr": (
        "un chat qui a perdu son chapeau",
        "la lune a faim",
        "deux frères et un bateau rouge",
        "un dragon timide apprend à danser",
        "un escargot fait la course",
        "le vélo volant de mamie",
        "un pingouin qui veut voler",
        "le plus petit éléphant du monde",
        "un robot dans la cuisine",
        "mon doudou part sur la lune",
        "un pirate qui a peur de l'eau",
        "trois canetons perdus",
        "une souris ouvre une boulangerie",
        "l'arbre qui chantait",
        "une fille et son crayon magique",
        "un ours qui ne dort pas",
        "de la neige dans le désert",
        "le roi n'a plus de chaussures",
        "une baleine qui chante trop fort",
        "la petite sorcière et son balai cassé",
    ),
    "nl": (
        "een kat die haar hoed kwijt is",
        "de maan heeft honger",
        "twee broers en een rode boot",
        "een verlegen draak leert dansen",
        "een slak doet mee aan de wedstrijd",
        "de vliegende fiets van oma",
        "een pinguïn die wil vliegen",
        "de kleinste olifant van de wereld",
        "een robot in de keuken",
        "mijn knuffelbeer gaat naar de maan",
        "een piraat die bang is voor water",
        "drie eendjes zijn verdwaald",
        "een muis begint een bakkerij",
        "de boom die kon zingen",
        "een meisje en haar toverpotlood",
        "een beer die niet kan slapen",
        "sneeuw in de woestijn",
        "de koning heeft geen schoenen",
        "een walvis die te hard zingt",
        "het heksje met de kapotte bezem",
    ),
    "ar": (
        "قطة فقدت قبعتها",
        "القمر جائع",
        "أخوان وقارب أحمر",
        "تنين خجول يتعلم الرقص",
        "حلزون في سباق",
        "دراجة جدتي الطائرة",
        "بطريق يريد أن يطير",
        "أصغر فيل في العالم",
        "روبوت في المطبخ",
        "دبدوبي يسافر إلى القمر",
        "قرصان يخاف من الماء",
        "ثلاث بطات ضائعة",
        "فأر يفتح مخبزا",
        "الشجرة التي تغني",
        "بنت وقلمها السحري",
        "دب لا يستطيع النوم",
        "ثلج في الصحراء",
        "الملك بلا حذاء",
        "حوت يغني بصوت عال",
        "الساحرة الصغيرة ومكنستها المكسورة",
    ),
    "it": (
        "un gatto che ha perso il cappello",
        "la luna ha fame",
        "due fratelli e una barca rossa",
        "un drago timido impara a ballare",
        "una lumaca fa una gara",
        "la bicicletta volante della nonna",
        "un pinguino che vuole volare",
        "l'elefante più piccolo del mondo",
        "un robot in cucina",
        "il mio orsetto va sulla luna",
        "un pirata che ha paura dell'acqua",
        "tre paperelle si perdono",
        "un topo apre una panetteria",
        "l'albero che cantava",
        "una bambina e la sua matita magica",
        "un orso che non riesce a dormire",
        "neve nel deserto",
        "il re è senza scarpe",
        "una balena che canta troppo forte",
        "la streghetta con la scopa rotta",
    ),
    "es": (
        "un gato que perdió su sombrero",
        "la luna tiene hambre",
        "dos hermanos y un barco rojo",
        "un dragón tímido aprende a bailar",
        "un caracol en una carrera",
        "la bicicleta voladora de la abuela",
        "un pingüino que quiere volar",
        "el elefante más pequeño del mundo",
        "un robot en la cocina",
        "mi osito viaja a la luna",
        "un pirata que tiene miedo al agua",
        "tres patitos perdidos",
        "un ratón abre una panadería",
        "el árbol que cantaba",
        "una niña y su lápiz mágico",
        "un oso que no puede dormir",
        "nieve en el desierto",
        "el rey no tiene zapatos",
        "una ballena que canta muy fuerte",
        "la brujita de la escoba rota",
    ),
    "de": (
        "eine Katze, die ihren Hut verloren hat",
        "der Mond hat Hunger",
        "zwei Brüder und ein rotes Boot",
        "ein schüchterner Drache lernt tanzen",
        "eine Schnecke beim Wettrennen",
        "Omas fliegendes Fahrrad",
        "ein Pinguin, der fliegen will",
        "der kleinste Elefant der Welt",
        "ein Roboter in der Küche",
        "mein Teddy fliegt zum Mond",
        "ein Pirat, der Angst vor Wasser hat",
        "drei Entchen haben sich verlaufen",
        "eine Maus eröffnet eine Bäckerei",
        "der Baum, der singen konnte",
        "ein Mädchen und ihr Zauberstift",
        "ein Bär, der nicht schlafen kann",
        "Schnee in der Wüste",
        "der König hat keine Schuhe",
        "ein Wal, der zu laut singt",
        "die kleine Hexe mit dem kaputten Besen",
    ),
    "pt": (
        "um gato que perdeu o chapéu",
        "a lua está com fome",
        "dois irmãos e um barco vermelho",
        "um dragão tímido aprende a dançar",
        "um caracol numa corrida",
        "a bicicleta voadora da vovó",
        "um pinguim que quer voar",
        "o menor elefante do mundo",
        "um robô na cozinha",
        "meu ursinho vai para a lua",
        "um pirata com medo de água",
        "três patinhos perdidos",
        "um rato abre uma padaria",
        "a árvore que cantava",
        "uma menina e seu lápis mágico",
        "um urso que não consegue dormir",
        "neve no deserto",
        "o rei não tem sapatos",
        "uma baleia que canta muito alto",
        "a bruxinha da vassoura quebrada",
    ),
}
FOREIGN = (
    "kot, który zgubił kapelusz",
    "en katt som tappat sin hatt",
    "en bjørn der ikke kan sove",
    "şapkasını kaybeden kedi",
    "خرسی که نمی‌تواند بخوابد",
    "o pisică care și-a pierdut pălăria",
    "кот потерял шляпу",
    "一只丢了帽子的猫",
)


@pytest.fixture(scope="module")
def detector() -> LinguaDetector:
    return LinguaDetector()


def test_the_registry_makes_it_and_making_it_loads_nothing() -> None:
    made = create("lingua", words=create("function-words"))
    assert isinstance(made, LinguaDetector)
    assert made._detector is None


def test_everyday_words_are_asked_first(detector: LinguaDetector) -> None:
    """From a French page: lingua takes a third of it for Dutch, and it was written about as if English."""
    idea = "un renard qui a peur de la neige"
    assert detector.detect(idea) is None
    both = LinguaDetector(create("function-words"))
    assert both.detect(idea) == "fr"
    told = [both.detect(idea) == language for language, ideas in IDEAS.items() for idea in ideas]
    assert told.count(True) == 157


@pytest.mark.parametrize("idea", FOREIGN)
def test_with_words_no_more_is_claimed(idea: str) -> None:
    assert LinguaDetector(create("function-words")).detect(idea) is None


@pytest.mark.parametrize("language", IDEAS)
def test_an_idea_of_a_few_words_is_never_taken_for_another_language(
    detector: LinguaDetector, language: str
) -> None:
    assert {detector.detect(idea) for idea in IDEAS[language]} <= {language, None}


def test_nine_of_ten_ideas_are_told(detector: LinguaDetector) -> None:
    told = [detector.detect(idea) == language for language, ideas in IDEAS.items() for idea in ideas]
    assert sum(told) >= 0.9 * len(told)


def test_confidences_are_the_same_in_every_call(detector: LinguaDetector) -> None:
    assert len({detector.confidence("a snail in a race", "en") for _ in range(50)}) == 1


@pytest.mark.parametrize("idea", FOREIGN)
def test_a_language_that_is_not_ours_is_not_claimed(detector: LinguaDetector, idea: str) -> None:
    assert detector.detect(idea) is None


@pytest.mark.parametrize("text", ["", "   ", "12345", "!!!", "🌙🌙", "\u200f", "\x00"])
def test_what_is_no_language_is_not_told(detector: LinguaDetector, text: str) -> None:
    assert detector.detect(text) is None
    assert detector.confidence(text, "en") < 0.5


def test_two_languages_that_are_as_likely_are_not_told(detector: LinguaDetector) -> None:
    assert detector.detect("un drago timido impara a ballare") in (None, "it")


def test_a_story_is_told_with_certainty(detector: LinguaDetector) -> None:
    story = "Pip era un topolino. Viveva sotto il pavimento. Un giorno voleva fare una torta per la nonna."
    assert detector.confidence(story, "it") > 0.95
    assert detector.confidence(story, "en") < 0.01


def test_a_language_that_it_does_not_know_has_no_confidence(detector: LinguaDetector) -> None:
    assert detector.confidence("a snail in a race", "zz") == 0


def test_threads_may_share_it() -> None:
    fresh = LinguaDetector()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(fresh.detect, ["der kleinste Elefant der Welt"] * 16)) == {"de"}
