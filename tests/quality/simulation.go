package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// playbooksFamily is the family of the schemas that are not generated. People are asked
// these; the generated ones only test the engine.
const playbooksFamily = "playbooks"

// playbookSchemas returns the built-in playbooks, each with one of its goals. The
// people are synthetic: groups with usual answers, as in generated schemas. They are
// asked for the first goal, in English; another goal would only change the words of a
// question.
func playbookSchemas() ([]schema, error) {
	library, err := playbook.Open(playbook.Config{})
	if err != nil {
		return nil, err
	}
	var all []schema
	for _, p := range library.All() {
		f := schema{name: p.Name, family: playbooksFamily, personas: 4, loyalLow: 0.75, loyalHigh: 1}
		if len(p.Goals) > 0 {
			f.goal = p.Goals[0]
		}
		f.slots = p.For(f.goal, "en")
		all = append(all, f)
	}
	return all, nil
}

// salt separates the randomness of the simulation from that of others with the same
// seed. Another salt would mean other people, and other figures.
const salt = "interviews"

// measureConversations asks simulated people in each way. Nothing is stored and no
// server runs: the engine and the parser are called as the service calls them.
// progress may be called from several goroutines, one call at a time.
func measureConversations(ctx context.Context, plan simulation, progress func(string)) ([]table, error) {
	seed := chance(plan.seed).of(salt)
	schemas, err := playbookSchemas()
	if err != nil {
		return nil, err
	}
	schemas = append(schemas, generatedSchemas(seed, plan.perFamily)...)
	var mu sync.Mutex
	done := 0
	all, err := measureSchemas(ctx, seed, plan, schemas, func(f schema) {
		mu.Lock()
		defer mu.Unlock()
		done++
		progress(fmt.Sprintf("conversations: %d of %d schemas, %s", done, len(schemas), f.name))
	})
	if err != nil {
		return nil, err
	}
	return []table{
		savingTable(seed, all, plan), assumptionTable(all), cannedTable(all), schemaTable(all, plan),
	}, nil
}

// byFamily groups the schemas, in the order in which the families come. A family's
// figure is the mean of its schemas, so that one with many slots does not outweigh the
// others.
func byFamily(all []measured) (names []string, groups map[string][]measured) {
	groups = map[string][]measured{}
	for _, m := range all {
		if len(groups[m.family]) == 0 {
			names = append(names, m.family)
		}
		groups[m.family] = append(groups[m.family], m)
	}
	return names, groups
}

// savingTable compares the engine with fixed orders, the alternative that a program
// without an engine has.
// Intervals are of the saving and not of the counts, because the same people are asked in each
// way.
func savingTable(seed chance, all []measured, plan simulation) table {
	t := table{
		title: "Questions until 90 % of the required weight is settled",
		about: "A schema here is a set of slots: a playbook or a generated one. " +
			"How many fewer questions the engine needs than a fixed order, with 95 % intervals (bootstrap over people, paired). " +
			"All people are simulated. They have hidden facts and answer only what is asked. Some do not know or do not say, " +
			"some mumble, give two answers at once or contradict themselves. Every strategy parses answers alike, skips slots that do not " +
			"apply or are known, and clarifies unclear and contradictory answers. A wrong assumption settles nothing; its slot must be asked for in the end.",
		columns: []string{"schemas", "the engine", "questions", "declared order", "fewer", "declared, required first", "fewer", "random order", "fewer"},
	}
	engines := []struct {
		way  int
		name string
	}{
		{learnt, fmt.Sprintf("after %d conversations", plan.earlier)},
		{learntBatch, fmt.Sprintf("the same, in batches of %d", defaultBatch)},
		{fresh, "without statistics"},
	}
	names, groups := byFamily(all)
	for _, name := range names {
		for i, engine := range engines {
			row := []string{"", engine.name, figure(meanOf(groups[name], engine.way))}
			if i == 0 {
				row[0] = fmt.Sprintf("%s (%d)", name, len(groups[name]))
			}
			for _, than := range []int{inDeclaration, inRequired, inRandom} {
				point, low, high := saving(seed, groups[name], engine.way, than)
				row = append(row, figure(meanOf(groups[name], than)), fmt.Sprintf("%s (%s to %s)", percent(point), percent(low), percent(high)))
			}
			t.add(row...)
		}
	}
	t.note("Each schema is asked of %d people. The statistics come from %d other people, whom the engine asked starting without statistics.", plan.people, plan.earlier)
	t.note("The fixed orders ask one question at a time. A batch is asked at once: questions that an answer in it triggers must wait for the next batch, " +
		"and an optional question may take their place.")
	t.note("All facts are synthetic, including those for playbooks: people fall into groups with usual answers. In a closely linked schema, 92 to 100 %% of a group " +
		"give a slot's usual answer (the rest give any answer), in a loosely linked one 60 to 95 %%, with playbooks 75 to 100 %%. In an independent schema there is no usual answer. " +
		"Only options predict each other. How closely this resembles real conversations is not known. The engine's constants were chosen with other people and other generated schemas.")
	return t
}

// assumptionTable shows how often an assumption is wrong when nobody corrects it:
// the calibration that questioning.DefaultConfidence promises.
func assumptionTable(all []measured) table {
	t := table{
		title:   "Assumed instead of asked",
		about:   fmt.Sprintf("Options that earlier conversations make at least %s likely are offered as assumptions. The simulated people correct none.", percent(questioning.DefaultConfidence)),
		columns: []string{"schemas", "assumed per conversation", "of these wrong"},
	}
	names, groups := byFamily(all)
	for _, name := range names {
		assumed, wrong, people := 0, 0, 0
		for _, m := range groups[name] {
			assumed, wrong, people = assumed+m.assumed, wrong+m.wrong, people+len(m.toTarget[learnt])
		}
		share := "–"
		if assumed > 0 {
			share = percent(float64(wrong) / float64(assumed))
		}
		t.add(name, figure(float64(assumed)/float64(people)), share)
	}
	return t
}

// cannedTable shows what a fixed list of questions for any goal achieves. Generated
// slots are about nothing, so they have no figure by topic.
func cannedTable(all []measured) table {
	t := table{
		title: "Five canned questions",
		about: "How much of the required weight the same five questions for any goal settle (goal, audience, constraints, time, success). " +
			"By topic: a question settles at most two slots whose names match its topic. At best: each question settles one of the five heaviest slots.",
		columns: []string{"schemas", "by topic", "at best"},
	}
	names, groups := byFamily(all)
	for _, name := range names {
		byTopic, atBest := 0.0, 0.0
		for _, m := range groups[name] {
			byTopic += m.byTopic / float64(len(groups[name]))
			atBest += m.atBest / float64(len(groups[name]))
		}
		topic := "–"
		if name == playbooksFamily {
			topic = percent(byTopic)
		}
		t.add(name, topic, percent(atBest))
	}
	return t
}

// schemaTable lists each schema, so that a change that helps one at the cost of
// another is seen.
func schemaTable(all []measured, plan simulation) table {
	t := table{
		title: "Schema by schema",
		about: "Mean questions until 90 % of the required weight is settled.",
		columns: []string{"schema", "slots", "required", fmt.Sprintf("after %d conversations", plan.earlier), fmt.Sprintf("in batches of %d", defaultBatch),
			"without statistics", "declared, required first", "declared order", "random order", "assumed", "of these wrong"},
	}
	for _, m := range all {
		required := 0
		for _, slot := range m.slots {
			if slot.Required {
				required++
			}
		}
		row := []string{m.name, fmt.Sprint(len(m.slots)), fmt.Sprint(required)}
		for way := range ways {
			row = append(row, figure(m.mean(way)))
		}
		wrong := "–"
		if m.assumed > 0 {
			wrong = percent(float64(m.wrong) / float64(m.assumed))
		}
		t.add(append(row, figure(float64(m.assumed)/float64(len(m.toTarget[learnt]))), wrong)...)
	}
	return t
}

// meanOf is the mean over schemas, each with the same weight.
func meanOf(schemas []measured, way int) float64 {
	sum := 0.0
	for _, m := range schemas {
		sum += m.mean(way)
	}
	return sum / float64(len(schemas))
}

// figure has two digits after the point: more would not be significant.
func figure(v float64) string { return fmt.Sprintf("%.2f", v) }

// percent writes a share as a percentage.
func percent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }
