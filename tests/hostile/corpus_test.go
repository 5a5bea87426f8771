package hostile

import (
	"encoding/json"
	"fmt"
	"strings"
)

// mebibyte is the longest body that a function reads.
const mebibyte = 1 << 20

// input is one hostile request.
type input struct {
	name string
	body string
}

// call is the body of a tools/call with arguments that may not be JSON.
func call(tool, arguments string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments +
		`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
}

// filled repeats a part until a list of it is as long as bodies get.
func filled(part string) string {
	n := (mebibyte - 1024) / (len(part) + 1)
	return "[" + strings.Repeat(part+",", n-1) + part + "]"
}

// values are unexpected values. Each replaces every argument of every tool.
func values() map[string]string {
	return map[string]string{
		"1e400": `1e400`, "1e2000000": `1e2000000`, "a list of 1e999999": filled(`1e999999`), "a million digits": strings.Repeat("9", mebibyte-1024),
		"NUL": `"\u0000"`, "half a surrogate pair": `"\ud83d"`, "true": `true`, "an object": `{}`, "a list": `[]`, "-1": `-1`, "0.5": `0.5`,
		"deep lists": strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "deeper lists": strings.Repeat("[", 300_000) + strings.Repeat("]", 300_000),
		"deep objects": strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000),
		"a long text":  `"` + strings.Repeat("x", mebibyte-1024) + `"`, "a text of escapes": `"` + strings.Repeat(`\u00e9`, (mebibyte-1024)/6) + `"`,
		"a text of lines": `"` + strings.Repeat(`1. a\n`, (mebibyte-1024)/6) + `"`,
		"empty objects":   filled(`{}`), "empty lists": filled(`[]`), "numbers": filled(`1`), "texts": filled(`"x"`), "nulls": filled(`null`),
		"objects of wrong members": filled(`{"a":1,"b":2}`), "a long name": `{"` + strings.Repeat("k", mebibyte-1024) + `":[1,{}]}`,
		"many names": manyNames(), "a long name above many": `{"` + strings.Repeat("k", mebibyte/2) + `":` + filled(`1`)[:mebibyte/4] + `1]}`,
	}
}

func manyNames() string {
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; b.Len() < mebibyte-1024; i++ {
		fmt.Fprintf(&b, `"k%d":[],`, i)
	}
	return b.String() + `"z":0}`
}

// schemas are values of information_needed.
func schemas() map[string]string {
	fan := func(depth int) string {
		defs := make([]string, depth+1)
		for i := range depth {
			ref := fmt.Sprintf(`[{"$ref":"#/$defs/d%d"}]`, i+1)
			defs[i] = fmt.Sprintf(`"d%d":{"anyOf":%s,"allOf":%[2]s,"oneOf":%[2]s}`, i, ref)
		}
		defs[depth] = fmt.Sprintf(`"d%d":{"type":"string"}`, depth)
		return `{"type":"object","properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{` + strings.Join(defs, ",") + `}}`
	}
	patterns := func(slots int, pattern string) string {
		all := make([]string, slots)
		for i := range all {
			all[i] = fmt.Sprintf(`"p%d":{"type":"string","pattern":"%s%[1]d"}`, i, pattern)
		}
		return `{"type":"object","properties":{` + strings.Join(all, ",") + `}}`
	}
	most := func(part string) string { return strings.Repeat(part, 250_000/len(part)) }
	return map[string]string{
		"a definition of itself": `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"array","items":{"$ref":"#/$defs/A"}}}}`,
		"a circle":               `{"properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"anyOf":[{"$ref":"#/$defs/B"}]},"B":{"items":{"$ref":"#/$defs/A"}}}}`,
		"a fan of depth 8":       fan(8), "a fan of depth 15": fan(15), "a fan of depth 60": fan(60),
		"large patterns": patterns(8, strings.Repeat("x{1000}", 140)), "200 large patterns": patterns(200, strings.Repeat("x{1000}", 140)),
		"200 patterns": patterns(200, "x{90}"), "classes": patterns(200, strings.Repeat(`\\p{L}`, 150)),
		"a hidden pattern": `{"properties":{"a":{}},"additionalProperties":{"pattern":"` + most("x{1000}") + `"}}`,
		"hidden patterns":  `{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{}},"definitions":{"d":[` + most(`{"pattern":"x{1000}x{999}"},`) + `{}]}}`,
		"many subschemas":  `{"properties":{"a":{}},"additionalProperties":{"anyOf":[` + most(`{},`) + `{}]}}`,
		"many wrong ones":  `{"properties":{"a":{}},"additionalProperties":{"anyOf":[` + most(`1,`) + `{}]}}`,
		"wrong keywords":   `{"properties":{"a":{}},"$defs":{"d":{"anyOf":[` + most(`{"type":1,"maxLength":"x"},`) + `{}]}}}`,
		"many definitions": `{"properties":{"a":{}},"$defs":` + manyNames()[:200_000] + `"z":{}}}`,
		"large numbers":    `{"properties":{"a":{"enum":[` + most(`1e999999,`) + `1]}}}`,
		"the most options": `{"properties":{"a":{"enum":["` + strings.Join(names(100), `","`) + `"]}}}`,
		"a long list":      `["` + strings.Join(names(5000), `","`) + `"]`,
		"a list of depth":  `[{"key":"a","default":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}]`,
	}
}

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("n%d", i)
	}
	return all
}

// messages returns n chat messages of about a mebibyte in total.
func messages(n int) string {
	one := `{"role":"user","content":"` + strings.Repeat("1. x ", (mebibyte/n-40)/5) + `"}`
	return "[" + strings.Repeat(one+",", n-1) + one + "]"
}

// answers returns n answers of length bytes each.
func answers(n, length int) string {
	one := `{"slot":"destination","text":"` + strings.Repeat("x", length) + `"}`
	return "[" + strings.Repeat(one+",", n-1) + one + "]"
}

// tool is a tool in the catalogue.
type tool struct {
	Function string `json:"function"`
	Tool     struct {
		Name        string `json:"name"`
		InputSchema struct {
			Properties map[string]struct{ Type any } `json:"properties"`
		} `json:"inputSchema"`
	} `json:"tool"`
}

// corpus returns all requests for a tool's function. valid are arguments that the tool
// accepts; hostile ones replace or extend them.
func corpus(t tool, valid map[string]any) []input {
	var all []input
	add := func(name, arguments string) { all = append(all, input{name, call(t.Tool.Name, arguments)}) }
	with := func(name, argument, value string) {
		arguments := map[string]json.RawMessage{}
		for key, value := range valid {
			arguments[key], _ = json.Marshal(value) // plain values always encode
		}
		members := []string{}
		delete(arguments, argument)
		for key, value := range arguments {
			members = append(members, fmt.Sprintf("%q:%s", key, value))
		}
		add(argument+": "+name, "{"+strings.Join(append(members, fmt.Sprintf("%q:%s", argument, value)), ",")+"}")
	}
	for name, value := range values() {
		add("arguments: "+name, value)
		for argument, schema := range t.Tool.InputSchema.Properties {
			// Large ones tell numbers and ids no more than small ones do.
			if len(value) < 4096 || schema.Type == nil || schema.Type == "array" || schema.Type == "object" || argument == "context" || argument == "text" {
				with(name, argument, value)
			}
		}
	}
	_, asks := t.Tool.InputSchema.Properties["information_needed"]
	for name, schema := range schemas() {
		if asks {
			with(name, "information_needed", schema)
		}
	}
	if _, ok := t.Tool.InputSchema.Properties["previous_messages"]; ok {
		with("20,000", "previous_messages", messages(20_000))
		with("20", "previous_messages", messages(20))
	}
	if _, ok := t.Tool.InputSchema.Properties["answers"]; ok {
		with("200 of 5,000 bytes", "answers", answers(200, 5000))
		with("200 of 64 KiB", "answers", answers(200, 64<<10))
		with("30,000", "answers", filled(`{"slot":"destination","text":"x"}`))
	}
	return append(all, bodies()...)
}

// bodies returns request bodies that are not calls.
func bodies() []input {
	all := []input{
		{"nothing", ""}, {"half of a call", call("x", "{}")[:60]}, {"not UTF-8", "{\"a\":\"\xff\xfe\"}"}, {"a body too long", strings.Repeat("x", 2*mebibyte)},
		{"a batch", filled(call("x", "{}"))}, {"a long method", `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("m", mebibyte-1024) + `"}`},
	}
	for name, value := range values() {
		all = append(all, input{"the body: " + name, value}, input{"params: " + name, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + value + `}`})
	}
	return all
}
