"""What the demo's shops sell: names and prices of things that such shops really have."""

from dataclasses import dataclass
from typing import NamedTuple

CURRENCY = "RUB"


class Thing(NamedTuple):
    """A product: the marketplace's id, its category, its price."""

    ref: str
    name: str
    category: str
    roubles: int


@dataclass(frozen=True)
class Shop:
    """A shop: `owner` is its seller, `rate_bp` what its affiliate plan pays (None: no plan)."""

    ref: str
    name: str
    host: str
    owner: tuple[str, str, str]  # ref, name, e-mail
    rate_bp: int | None
    goods: tuple[Thing, ...]


CATEGORIES = {
    "tableware": "Посуда",
    "light": "Свет",
    "tea": "Чай и травы",
    "toys": "Игрушки",
    "books": "Книги",
    "textile": "Домашний текстиль",
}

SHOPS = (
    Shop(
        "demo-glazur",
        "Глазурь",
        "glazur.demo.example",
        ("demo-seller", "Ирина Глазова", "seller@demo.example"),
        800,
        (
            Thing("cup-sky", "Кружка «Небо», 350 мл", "tableware", 1_290),
            Thing("cup-moss", "Кружка «Мох», 350 мл", "tableware", 1_290),
            Thing("bowl-dawn", "Пиала «Рассвет»", "tableware", 990),
            Thing("plate-smoke", "Тарелка «Дым», 26 см", "tableware", 1_850),
            Thing("teapot-clay", "Чайник из красной глины, 700 мл", "tableware", 4_200),
            Thing("vase-tall", "Ваза высокая, ручная лепка", "tableware", 3_600),
        ),
    ),
    Shop(
        "demo-svet",
        "Тёплый свет",
        "svet.demo.example",
        ("demo-seller-svet", "Павел Огнев", "svet@demo.example"),
        600,
        (
            Thing("lamp-desk", "Лампа настольная «Мастерская»", "light", 5_400),
            Thing("lamp-moon", "Ночник «Луна»", "light", 1_990),
            Thing("garland", "Гирлянда ретро, 10 м", "light", 2_450),
            Thing("candle-set", "Набор свечей из соевого воска", "light", 1_150),
        ),
    ),
    Shop(
        "demo-travy",
        "Семь трав",
        "travy.demo.example",
        ("demo-seller-travy", "Мария Лугова", "travy@demo.example"),
        1_200,
        (
            Thing("ivan-tea", "Иван-чай с малиной, 100 г", "tea", 520),
            Thing("sagan", "Саган-дайля, 30 г", "tea", 640),
            Thing("linden", "Липовый цвет, 50 г", "tea", 390),
            Thing("gift-box", "Подарочный набор «Семь трав»", "tea", 2_300),
            Thing("honey", "Мёд гречишный, 500 г", "tea", 780),
        ),
    ),
    Shop(
        "demo-kot",
        "Кот учёный",
        "kot.demo.example",
        ("demo-seller-kot", "Арина Лукина", "kot@demo.example"),
        1_000,
        (
            Thing("puzzle", "Деревянный пазл «Лукоморье»", "toys", 1_690),
            Thing("blocks", "Кубики с буквами, берёза", "toys", 2_150),
            Thing("tales", "Сказки Пушкина с картинками Билибина", "books", 1_480),
            Thing("atlas", "Атлас зверей России", "books", 1_990),
        ),
    ),
    Shop(
        "demo-len",
        "Лён и нитка",
        "len.demo.example",
        ("demo-seller-len", "Ольга Ткач", "len@demo.example"),
        700,
        (
            Thing("apron", "Фартук льняной", "textile", 2_290),
            Thing("towels", "Полотенца кухонные, 3 шт.", "textile", 1_390),
            Thing("sheets", "Комплект постельного белья, лён", "textile", 9_800),
            Thing("runner", "Дорожка на стол", "textile", 1_750),
        ),
    ),
)
