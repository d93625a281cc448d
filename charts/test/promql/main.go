// Parses PromQL with Prometheus's own parser: a JSON array of expressions on standard input, an array of what is wrong with each on
// standard output, empty where nothing is.
package main

import (
	"encoding/json"
	"os"

	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	var expressions []string
	if err := json.NewDecoder(os.Stdin).Decode(&expressions); err != nil {
		panic(err)
	}
	faults := make([]string, len(expressions))
	for i, expression := range expressions {
		if _, err := parser.ParseExpr(expression); err != nil {
			faults[i] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(faults); err != nil {
		panic(err)
	}
}
