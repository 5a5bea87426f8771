"""Prints the params of the tools/call that asks for a trip: python trip.py, with pydantic 2."""

import datetime
import json
from typing import Literal, Optional

from pydantic import BaseModel, Field


class Traveller(BaseModel):
    name: str
    age: int = Field(ge=0, le=120)


class Trip(BaseModel):
    destination: str = Field(description="City or airport", max_length=80)
    departure: datetime.date = Field(description="When do you want to leave?")
    nights: int = Field(ge=1, le=60)
    travel_class: Literal["economy", "business"] = Field(title="Class")
    travellers: list[Traveller] = Field(min_length=1, max_length=4)
    budget: Optional[float] = Field(None, gt=0, description="What may it cost in all, in euros?")
    notes: Optional[str] = Field(None, max_length=500, description="Anything else that we should know?")


call = {
    "name": "sequential_questioning",
    "arguments": {"context": "Book a trip", "information_needed": Trip.model_json_schema()},
}

if __name__ == "__main__":
    print(json.dumps(call, indent=2))

# When a result says that the conversation is complete, the report of
# sequential_questioning_report holds the values:
#   trip = Trip.model_validate(report["values"])
