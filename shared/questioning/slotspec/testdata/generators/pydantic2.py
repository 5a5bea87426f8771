"""Writes inputs/pydantic2_*.json and msgspec_*.json: python pydantic2.py FOLDER, with pydantic[email]>=2 and msgspec."""
import dataclasses, datetime, decimal, enum, json, sys
from typing import Annotated, Any, Dict, List, Literal, Optional, Tuple, Union
from typing_extensions import TypedDict
import msgspec
from pydantic import AnyUrl, BaseModel, ConfigDict, EmailStr, Field, TypeAdapter

folder = sys.argv[1]

class Size(str, enum.Enum):
    small = "S"
    large = "L"

class Address(BaseModel):
    """Where somebody lives."""
    street: str
    city: str = Field(title="Town")
    postcode: Optional[str] = None

class Guest(BaseModel):
    name: str
    age: Optional[int] = None

class Party(BaseModel):
    occasion: str
    date: datetime.date
    start: datetime.time
    guests: int = Field(gt=0, le=500)
    budget: Optional[float] = Field(None, description="What may it cost in all?")

class Nullable(BaseModel):
    name: str
    nickname: Optional[str]
    size: Optional[Size] = None
    born: datetime.date | None = None

class Enums(BaseModel):
    size: Size
    seat: Literal["aisle", "window"]
    kind: Literal["trip"] = "trip"
    size_again: Size = Size.small

class Nested(BaseModel):
    name: str
    home: Address
    work: Optional[Address] = None

class Deep(BaseModel):
    order: Nested
    urgent: bool

class Lists(BaseModel):
    tags: List[str]
    sizes: List[Size] = []
    numbers: List[int] = Field(min_length=1, max_length=4)
    guests: List[Guest] = Field(max_length=2)

class Formats(BaseModel):
    mail: EmailStr
    site: AnyUrl
    at: datetime.datetime
    length: datetime.timedelta
    code: str = Field(pattern=r"^[A-Z]{3}$")
    price: decimal.Decimal
    capped: decimal.Decimal = Field(gt=0, le=100)

class Odd(BaseModel):
    name: str
    either: Union[int, str]
    mapping: Dict[str, int] = {}
    pair: Optional[Tuple[int, str]] = None
    anything: Any = None
    step: int = Field(multiple_of=5)

class Cash(BaseModel):
    kind: Literal["cash"]

class Invoice(BaseModel):
    kind: Literal["invoice"]
    company: str

class Payment(BaseModel):
    name: str
    payment: Optional[Union[Cash, Invoice]] = Field(None, discriminator="kind")

class Titles(BaseModel):
    model_config = ConfigDict(title="A request", extra="forbid")
    full_name: str = Field(title="Your name", description="First and last", examples=["Ada Lovelace"], min_length=2, alias="fullName")
    question: str = Field(json_schema_extra={"x-question": "What would you like to know?"})
    legacy: Optional[str] = Field(None, deprecated=True)

def write(name, schema):
    with open(f"{folder}/{name}.json", "w") as f:
        f.write(json.dumps(schema, indent=2) + "\n")

for model in (Party, Nullable, Enums, Nested, Deep, Lists, Formats, Odd, Payment, Titles):
    write(f"pydantic2_{model.__name__.lower()}", model.model_json_schema())
write("pydantic2_serialization", Formats.model_json_schema(mode="serialization"))
write("pydantic2_openapi_refs", {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": {
    **Nested.model_json_schema(ref_template="#/components/schemas/{model}").pop("$defs"),
    "Nested": {k: v for k, v in Nested.model_json_schema(ref_template="#/components/schemas/{model}").items() if k != "$defs"}}}})
write("pydantic2_tool", {"name": "order", "description": "Places an order", "input_schema": Nested.model_json_schema()})
write("pydantic2_function", {"type": "function", "function": {"name": "order", "parameters": Nullable.model_json_schema(), "strict": True}})

@dataclasses.dataclass
class Trip:
    destination: str
    nights: int = 1
write("pydantic2_dataclass", TypeAdapter(Trip).json_schema())

class Movie(TypedDict, total=False):
    title: str
    year: int
write("pydantic2_typeddict", TypeAdapter(Movie).json_schema())

class Stop(msgspec.Struct):
    city: str
    nights: Annotated[int, msgspec.Meta(ge=1, description="How many nights?")] = 1
class Tour(msgspec.Struct):
    name: str
    size: Size
    first: Stop
    stops: Annotated[List[Stop], msgspec.Meta(max_length=2)] = []
    note: Optional[str] = None
write("msgspec_tour", msgspec.json.schema(Tour))
