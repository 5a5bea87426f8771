package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// bankFile is the file of the folder with the questions. It and the topics are ClariQ's
// files as they are published; we keep no copy.
const bankFile = "question_bank.tsv"

// question is one of ClariQ's bank (Aliannejadi et al. 2021, "Building and Evaluating
// Open-Domain Dialogue Corpora with Clarifying Questions"). One is asked to clarify
// what a short request means, as we ask for what is missing.
type question struct{ id, text string }

// topic is a request of ClariQ and the questions that people judged relevant to it.
// People judged for each topic which questions of the whole bank would help; so a
// search can be measured without a person looking at its results.
type topic struct {
	request  string
	relevant map[string]bool // by question id
}

// readBank returns the questions of question_bank.tsv. The first one is empty
// and left out, as ClariQ's own measure does.
func readBank(folder string) ([]question, error) {
	var bank []question
	err := readColumns(filepath.Join(folder, bankFile), []string{"question_id", "question"}, func(row []string) {
		if strings.TrimSpace(row[1]) != "" {
			bank = append(bank, question{row[0], row[1]})
		}
	})
	return bank, err
}

// readTopics returns the topics of a file in its order; none when there is no such
// file. Only questions of the bank count as relevant. A topic has a line for each of
// its questions, so that lines of one topic are put together here.
func readTopics(path string, bank []question) ([]topic, error) {
	inBank := map[string]bool{}
	for _, q := range bank {
		inBank[q.id] = true
	}
	var topics []topic
	at := map[string]int{}
	err := readColumns(path, []string{"topic_id", "initial_request", "question_id"}, func(row []string) {
		i, ok := at[row[0]]
		if !ok {
			i = len(topics)
			at[row[0]] = i
			topics = append(topics, topic{request: row[1], relevant: map[string]bool{}})
		}
		if inBank[row[2]] {
			topics[i].relevant[row[2]] = true
		}
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return topics, err
}

// readColumns calls use with the named columns of each line of a tab-separated file
// whose first line names them. The order of columns differs between ClariQ's files, so
// they are found by name. Quotes in them are a person's own and quote nothing.
// row is reused: copy what you keep.
func readColumns(path string, names []string, use func(row []string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := csv.NewReader(file)
	lines.Comma = '\t'
	lines.LazyQuotes = true
	header, err := lines.Read()
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	columns := make([]int, len(names))
	for i, name := range names {
		if columns[i] = slices.Index(header, name); columns[i] < 0 {
			return fmt.Errorf("read %s: no column %s in %q", path, name, header)
		}
	}
	row := make([]string, len(names))
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		for i, column := range columns {
			row[i] = line[column]
		}
		use(row)
	}
}
