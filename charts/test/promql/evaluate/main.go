// Asks PromQL of Prometheus's own engine: on standard input a JSON array of questions, each an expression and what every series is worth
// now; on standard output an array of answers, each the labels of what comes out. An alert with that expression is pending or fires for each.
package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

type question struct {
	Expression string
	// Values by series, as `up{job="a"}`.
	Series map[string]float64
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		panic(err)
	}
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 10_000, Timeout: time.Minute})
	now := time.Now()
	answers := make([][]labels.Labels, len(questions))
	for i, asked := range questions {
		answers[i] = answer(engine, asked, now)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}

func answer(engine *promql.Engine, asked question, now time.Time) []labels.Labels {
	query, err := engine.NewInstantQuery(context.Background(), stored(asked.Series, now), nil, asked.Expression, now)
	if err != nil {
		panic(err)
	}
	defer query.Close()
	vector, err := query.Exec(context.Background()).Vector()
	if err != nil {
		panic(err)
	}
	found := []labels.Labels{}
	for _, sample := range vector {
		found = append(found, sample.Metric)
	}
	return found
}

// Each series with one sample, of now.
func stored(values map[string]float64, now time.Time) storage.Queryable {
	all := []storage.Series{}
	for text, value := range values {
		metric, err := parser.ParseMetric(text)
		if err != nil {
			panic(err)
		}
		points := []promql.FPoint{{T: now.UnixMilli(), F: value}}
		all = append(all, promql.NewStorageSeries(promql.Series{Metric: metric, Floats: points}))
	}
	choose := func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		chosen := &list{}
		for _, series := range all {
			if matches(series.Labels(), matchers) {
				chosen.rest = append(chosen.rest, series)
			}
		}
		return chosen
	}
	return &storage.MockQueryable{MockQuerier: &storage.MockQuerier{SelectMockFunction: choose}}
}

func matches(metric labels.Labels, matchers []*labels.Matcher) bool {
	for _, matcher := range matchers {
		if !matcher.Matches(metric.Get(matcher.Name)) {
			return false
		}
	}
	return true
}

type list struct {
	current storage.Series
	rest    []storage.Series
}

func (l *list) Next() bool {
	if len(l.rest) == 0 {
		return false
	}
	l.current, l.rest = l.rest[0], l.rest[1:]
	return true
}

func (l *list) At() storage.Series                { return l.current }
func (l *list) Err() error                        { return nil }
func (l *list) Warnings() annotations.Annotations { return nil }
