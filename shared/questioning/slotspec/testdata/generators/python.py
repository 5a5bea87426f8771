"""Schemas as Python's libraries write them: python python.py FOLDER. Needs
pydantic[email] msgspec apischema mashumaro marshmallow marshmallow-jsonschema apispec dataclasses-jsonschema
fastapi openai langchain-core google-genai genson mcp attrs, see README.md."""
import dataclasses as dc
import datetime as dt
import decimal
import enum
import json
import pathlib
import sys
import typing as t
import uuid

import pydantic
import pydantic.alias_generators
from pydantic import BaseModel, ByteSize, ConfigDict, Field, FutureDate, HttpUrl, Json, PastDate, PositiveInt, TypeAdapter, conlist, constr


def save(name, schema):
    (pathlib.Path(sys.argv[1]) / f"{name}.json").write_text(json.dumps(schema, indent=1, default=str, ensure_ascii=False))


def written(function):
    function()


@written
def pyd_rental():
    class Fuel(enum.Enum):
        petrol="petrol"; diesel="diesel"; electric="electric"
    class Person(BaseModel):
        """The main driver."""
        first_name: str
        last_name: str
        birth_date: PastDate
        licence_since: t.Annotated[int, Field(ge=1950, le=2026, description="Year the licence was issued")]
    class Rental(BaseModel):
        """Rent a car."""
        model_config = ConfigDict(extra="forbid")
        driver: Person
        pickup: t.Annotated[dt.datetime, Field(description="Pickup date and time")]
        dropoff: dt.datetime | None = None
        fuel: Fuel = Fuel.petrol
        seats: t.Literal[2,4,5,7,9] = 5
        child_seats: t.Annotated[int, Field(ge=0, le=3)] = 0
        budget_per_day: decimal.Decimal | None = Field(None, gt=0, max_digits=6, decimal_places=2)
        second_drivers: list[Person] = Field(default_factory=list, max_length=2)
        notes: str = ""
    save("pydantic2_rental", Rental.model_json_schema())
    save("pydantic2_ref_template", Rental.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}"))


@written
def pyd_aliases():
    class Order(BaseModel):
        model_config = ConfigDict(alias_generator=pydantic.alias_generators.to_camel, populate_by_name=True, title="Order intake")
        order_id: uuid.UUID
        customer_email: str = Field(json_schema_extra={"format":"email"})
        items_count: PositiveInt
        gift_wrap: bool = False
        delivery_window: t.Tuple[dt.time, dt.time] | None = None
        tags: set[str] = set()
        weights: dict[str, float] = {}
        website: HttpUrl | None = None
        size: ByteSize | None = None
        color: t.Union[t.Literal["red","green"], str] = "red"
    save("pydantic2_aliases", Order.model_json_schema())


@written
def pyd_discriminated():
    class Cat(BaseModel):
        kind: t.Literal["cat"]; lives_left: int; indoor: bool
    class Dog(BaseModel):
        kind: t.Literal["dog"]; breed: str
    class Adoption(BaseModel):
        adopter: str
        pet: t.Annotated[Cat|Dog, Field(discriminator="kind")]
        when: FutureDate
    save("pydantic2_discriminated", Adoption.model_json_schema())
    class Adoption2(BaseModel):
        adopter: str
        pet: t.Optional[t.Annotated[Cat|Dog, Field(discriminator="kind")]] = None


@written
def pyd_duration():
    class Color(str, enum.Enum):
        RED="#ff0000"; BLUE="#0000ff"
    class Level(enum.IntEnum):
        LOW=1; MID=2; HIGH=3
    class Run(BaseModel):
        length: dt.timedelta
        start_at: dt.time
        colour: Color
        level: Level
        ratio: t.Annotated[float, Field(ge=0, le=1, multiple_of=0.05)]
        payload: Json | None = None
        blob: bytes | None = None
        ip: pydantic.IPvAnyAddress | None = None
        code: constr(pattern=r"^[A-Z]{3}-\d{4}$")
        steps: conlist(str, min_length=1, max_length=3)
        matrix: list[list[int]] | None = None
        points: list[t.Tuple[float,float]] | None = None
    save("pydantic2_types", Run.model_json_schema())


@written
def pyd_v1():
    from pydantic.v1 import BaseModel as B1, Field as F1, conint as c1
    class Sev(str, enum.Enum):
        minor="minor"; major="major"
    class Owner(B1):
        name: str = F1(..., description="Who is responsible?")
        team: t.Optional[str]
    class Ticket(B1):
        summary: str = F1(..., max_length=80)
        severity: Sev = F1(Sev.minor, description="How bad is it?")
        owner: t.Optional[Owner]
        steps: t.List[str] = F1(..., min_items=1)
        occurred_on: dt.date
        affected_users: c1(ge=0) = 0
        extra: t.Dict[str,t.Any] = {}
        pair: t.Tuple[int,str] = (1,"a")
        class Config:
            title = "Bug ticket"
    save("pydantic1_ticket", Ticket.schema())


@written
def msg():
    import msgspec
    class Kind(enum.Enum):
        A="a"; B="b"
    class Room(msgspec.Struct, rename="camel"):
        room_type: t.Literal["single","double"]
        guest_names: t.Annotated[list[str], msgspec.Meta(min_length=1, max_length=4)]
        breakfast_included: bool = True
    class Booking(msgspec.Struct, tag="booking", forbid_unknown_fields=True):
        hotel: t.Annotated[str, msgspec.Meta(min_length=1, description="Name of the hotel", title="Hotel")]
        check_in: dt.date
        check_out: dt.date
        rooms: t.Annotated[list[Room], msgspec.Meta(max_length=3)]
        arrival: t.Union[dt.time, None, msgspec.UnsetType] = msgspec.UNSET
        kind: Kind = Kind.A
        price: decimal.Decimal | None = None
        pts: t.Annotated[int, msgspec.Meta(ge=0, extra_json_schema={"x-question":"How many points do you want to use?"})] = 0
    save("msgspec_hotel", msgspec.json.schema(Booking))
    schemas, comps = msgspec.json.schema_components([Booking], ref_template="#/components/schemas/{name}")
    save("msgspec_components", {"openapi":"3.1.0","info":{"title":"x","version":"1"},"components":{"schemas":comps}})


@written
def apisch():
    from apischema import schema
    from apischema.json_schema import deserialization_schema, JsonSchemaVersion
    @dc.dataclass
    class Skill:
        name: str
        years: int = dc.field(default=0, metadata=schema(min=0, max=60, title="Years of experience"))
    @dc.dataclass
    class Application:
        full_name: str = dc.field(metadata=schema(description="As in your passport"))
        email: str = dc.field(metadata=schema(format="email"))
        skills: list[Skill] = dc.field(default_factory=list)
        remote: t.Optional[bool] = None
        start: t.Optional[dt.date] = None
    save("apischema_application", deserialization_schema(Application))
    save("apischema_openapi30", deserialization_schema(Application, version=JsonSchemaVersion.OPEN_API_3_0, all_refs=False))


@written
def mashu():
    from mashumaro.jsonschema import build_json_schema, OPEN_API_3_1
    from mashumaro.jsonschema.annotations import Minimum, Maximum, MaxLength
    @dc.dataclass
    class Meal:
        dish: t.Annotated[str, MaxLength(40)]
        spicy: bool
    @dc.dataclass
    class Catering:
        people: t.Annotated[int, Minimum(1), Maximum(500)]
        meals: t.List[Meal]
        day: dt.date
        allergies: t.Optional[t.List[str]] = None
        style: t.Literal["buffet","served"] = "buffet"
        extras: t.Dict[str,int] = dc.field(default_factory=dict)
    save("mashumaro_catering", build_json_schema(Catering).to_dict())


@written
def marsh():
    from marshmallow import Schema, fields, validate
    from marshmallow_jsonschema import JSONSchema
    class A(Schema):
        street = fields.Str(required=True)
        city = fields.Str(required=True, metadata={"description":"City name"})
    class Reg(Schema):
        name = fields.Str(required=True, metadata={"title":"Full name"})
        age = fields.Int(validate=validate.Range(min=18, max=99), required=True)
        role = fields.Str(validate=validate.OneOf(["dev","ops"], labels=["Developer","Operations"]))
        joined = fields.Date(allow_none=True)
        address = fields.Nested(A)
        emails = fields.List(fields.Email())
        newsletter = fields.Bool(load_default=False)
    save("marshmallow_registration", JSONSchema().dump(Reg()))


@written
def aps():
    from marshmallow import Schema, fields, validate
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin
    class Pet(Schema):
        name = fields.Str(required=True)
        born = fields.Date(allow_none=True)
        kind = fields.Str(validate=validate.OneOf(["cat","dog",None]), allow_none=True)
        weight_kg = fields.Float(validate=validate.Range(min=0, min_inclusive=False))
    spec = APISpec("t","1","3.0.3",plugins=[MarshmallowPlugin()])
    spec.components.schema("Pet", schema=Pet)
    save("apispec_pet", spec.to_dict())


@written
def dcjs():
    from dataclasses_jsonschema import JsonSchemaMixin, SchemaType
    class Size(enum.Enum):
        SMALL="s"; LARGE="l"
    @dc.dataclass
    class Part(JsonSchemaMixin):
        """A part"""
        sku: str
        qty: int
    @dc.dataclass
    class Quote(JsonSchemaMixin):
        """A quote"""
        company: str
        size: Size
        parts: t.List[Part]
        valid_until: t.Optional[dt.datetime] = None
    save("dataclassesjsonschema_quote", Quote.json_schema())


@written
def fast():
    from fastapi import FastAPI, Query, Body
    app = FastAPI()
    class Booking(BaseModel):
        title: str
        starts: dt.datetime
        attendees: list[str] = []
    @app.post("/bookings")
    def create(b: Booking, notify: bool = Query(True)): ...
    save("fastapi_document", app.openapi())
    @app.get("/rooms")
    def rooms(floor: int = Query(..., ge=0, description="Floor of the building"), q: str | None = None): ...
    save("fastapi_parameters", app.openapi()["paths"]["/rooms"]["get"]["parameters"])


@written
def openai_strict():
    from openai.lib._pydantic import to_strict_json_schema
    from openai import pydantic_function_tool
    class Step(BaseModel):
        what: str = Field(description="What to do"); minutes: int
    class Recipe(BaseModel):
        name: str; servings: int = Field(ge=1); steps: list[Step]; vegan: t.Optional[bool] = None; source: t.Optional[HttpUrl] = None
    save("openai_strict", to_strict_json_schema(Recipe))


@written
def lc():
    from langchain_core.utils.function_calling import convert_to_openai_function, convert_to_openai_tool
    def book_table(restaurant: str, party_size: int, when: dt.datetime, outdoor: bool=False, diet: t.Optional[t.Literal["vegan","halal"]]=None):
        """Book a table.

        Args:
            restaurant: Name of the restaurant.
            party_size: Number of people in the party.
            when: Date and time of the reservation.
            outdoor: Whether to sit outside.
            diet: Diet to respect, if any.
        """
    save("langchain_function", convert_to_openai_function(book_table))


@written
def gg():
    from google.genai import types, _transformers as tr
    class Ev(BaseModel):
        name: str; capacity: int = Field(ge=1); online: bool | None = None; city: t.Literal["Paris","Rome"]
    s = types.Schema.from_json_schema(json_schema=types.JSONSchema(**Ev.model_json_schema()))
    save("google_schema", s.model_dump(exclude_none=True, mode="json"))


@written
def gens():
    from genson import SchemaBuilder
    b = SchemaBuilder()
    b.add_object({"name":"Ann","age":3,"address":{"city":"Rome","zip":"00100"},"tags":["a"],"score":None,"visits":[{"day":"2026-01-01","ok":True}]})
    b.add_object({"name":"Bob","age":3.5,"address":{"city":"Rome"},"tags":[],"score":5,"visits":[]})
    save("genson_inferred", b.to_schema())


@written
def mcpfn():
    from mcp.server.mcpserver import MCPServer as FastMCP
    m = FastMCP("x")
    @m.tool()
    def ship(to: str, weight: t.Annotated[float, Field(gt=0, description="Weight in kilograms")], fragile: bool, service: t.Literal["std","exp"]="std"): "Ship a parcel"
    import asyncio
    tool = asyncio.run(m.list_tools())[0]
    save("mcp_tool", tool.model_dump(mode="json", exclude_none=True))


@written
def attrsd():
    import attrs
    from apischema import schema
    from apischema.json_schema import deserialization_schema
    from apischema.objects import ObjectField, set_object_fields
    from apischema import settings
    prev = settings.default_object_fields
    def attrs_fields(cls):
        return ([ObjectField(a.name, a.type, required=a.default is attrs.NOTHING, default=a.default) for a in attrs.fields(cls)] if attrs.has(cls) else prev(cls))
    settings.default_object_fields = attrs_fields
    @attrs.define
    class Visit:
        patient: str
        reason: str
        pain_level: int
        since: t.Optional[dt.date] = None
    save("apischema_attrs", deserialization_schema(Visit))
