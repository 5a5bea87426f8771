// The types that typescript.sh makes schemas of.
export enum Size { Small = "S", Large = "L" }
export enum Level { Low, High }

export interface Address {
  street: string;
  /** Town or city */
  city: string;
  postcode?: string;
}

/** A party to plan */
export interface Party {
  /** What kind of event is it? */
  occasion: "birthday" | "wedding" | "other";
  /** @format date */
  date: string;
  /**
   * @minimum 1
   * @maximum 500
   * @asType integer
   */
  guests: number;
  budget?: number;
}

export interface Order {
  item: string;
  size: Size;
  level: Level;
  home: Address;
  work?: Address;
  note: string | null;
}

export interface Trip {
  kind: "trip";
  destination: string;
  tags: string[];
  nights: number[];
  /** @maxItems 2 */
  passengers: { name: string; age?: number }[];
  when?: Date;
}

export interface Odd {
  name: string;
  either: string | number;
  flag?: boolean | string;
  extra?: Record<string, string>;
  pair?: [number, number];
  free: "small" | "large" | (string & {});
}

export type Combined = { name: string } & { email: string };

export interface Nested { customer: { name: string; address: { city: string; country?: string } }; urgent: boolean }
