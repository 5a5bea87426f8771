"""Writes inputs/pydantic1_*.json: python pydantic1.py FOLDER, with pydantic[email]<2."""
import datetime, decimal, enum, json, sys, typing
from typing import Any, Dict, List, Optional, Tuple, Union
from pydantic import BaseModel, EmailStr, Field, HttpUrl, confloat, conint, conlist, constr
from typing_extensions import Literal

class Size(str, enum.Enum):
    small = "S"
    large = "L"

class Level(enum.IntEnum):
    low = 1
    high = 2

class Address(BaseModel):
    """Where somebody lives."""
    street: str
    city: str = Field(..., title="Town")
    postcode: Optional[str] = None

class Guest(BaseModel):
    name: str
    age: Optional[int] = None

class Party(BaseModel):
    occasion: str
    date: datetime.date
    start: datetime.time
    guests: conint(gt=0, le=500)
    budget: Optional[float] = Field(None, description="What may it cost in all?")

class Enums(BaseModel):
    size: Size
    level: Level = Level.low
    seat: Literal["aisle", "window"]
    kind: Literal["trip"] = "trip"

class Nested(BaseModel):
    name: str
    home: Address
    work: Optional[Address] = None

class Lists(BaseModel):
    tags: List[str]
    sizes: List[Size] = []
    numbers: conlist(int, min_items=1, max_items=4)
    guests: List[Guest] = Field(..., max_items=2)

class Formats(BaseModel):
    mail: EmailStr
    site: HttpUrl
    at: datetime.datetime
    length: datetime.timedelta
    code: constr(regex=r"^[A-Z]{3}$")
    price: decimal.Decimal
    share: confloat(ge=0, le=1)

class Odd(BaseModel):
    name: str
    either: Union[int, str]
    extra: Dict[str, str] = {}
    pair: Optional[Tuple[int, int]] = None
    anything: Any = None

class Titles(BaseModel):
    full_name: str = Field(..., title="Your name", description="First and last", example="Ada Lovelace", min_length=2)
    ok: bool = False

for model in (Party, Enums, Nested, Lists, Formats, Odd, Titles):
    with open(f"{sys.argv[1]}/pydantic1_{model.__name__.lower()}.json", "w") as f:
        f.write(json.dumps(model.schema(), indent=2) + "\n")
