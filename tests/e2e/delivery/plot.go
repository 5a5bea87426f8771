package delivery

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// whole puts ticks at whole numbers. There is no half an instance.
type whole struct{}

// Ticks implements plot.Ticker; both bounds are included.
func (whole) Ticks(low, high float64) (ticks []plot.Tick) {
	for value := math.Ceil(low); value <= high; value++ {
		ticks = append(ticks, plot.Tick{Value: value, Label: strconv.Itoa(int(value))})
	}
	return ticks
}

// draw plots the instances over time, with numbered marks. Marks have numbers, because
// their names would overlap; the page lists them.
// The caller holds the mutex. The format follows from the path's extension.
func (f *Figures) draw(path string) error {
	p := plot.New()
	p.Title.Text = "Instances of functions over one run"
	p.X.Label.Text = "seconds"
	p.Y.Label.Text = "instances"
	p.Y.Min = 0
	p.Y.Tick.Marker = whole{}
	p.Legend.Top, p.Legend.Left = true, true
	highest := 1
	for i, environment := range []Environment{Staging, Prod} {
		points := make(plotter.XYs, 0, len(f.samples))
		for _, s := range f.samples {
			points = append(points, plotter.XY{X: s.at.Seconds(), Y: float64(s.count[environment])})
			highest = max(highest, s.count[environment])
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return fmt.Errorf("plot %s: %w", environment, err)
		}
		line.StepStyle = plotter.PostStep
		line.Color = []color.Color{color.RGBA{0x1f, 0x77, 0xb4, 0xff}, color.RGBA{0xd6, 0x27, 0x28, 0xff}}[i]
		p.Add(line)
		p.Legend.Add(strings.TrimPrefix(string(environment), "sequential-questioning-"), line)
	}
	p.Y.Max = float64(highest) + 3
	var labels plotter.XYLabels
	for i, m := range f.marks {
		at, err := plotter.NewLine(plotter.XYs{{X: m.at.Seconds(), Y: 0}, {X: m.at.Seconds(), Y: float64(highest)}})
		if err != nil {
			return fmt.Errorf("plot %s: %w", m.what, err)
		}
		at.Color = color.Gray{0xb0}
		at.Dashes = []vg.Length{vg.Points(2), vg.Points(2)}
		p.Add(at)
		labels.XYs = append(labels.XYs, plotter.XY{X: m.at.Seconds(), Y: float64(highest) + 0.2 + 0.5*float64(i%3)})
		labels.Labels = append(labels.Labels, strconv.Itoa(i+1))
	}
	names, err := plotter.NewLabels(labels)
	if err != nil {
		return fmt.Errorf("plot the marks: %w", err)
	}
	p.Add(names)
	return p.Save(24*vg.Centimeter, 9*vg.Centimeter, path)
}

// colors tell what is compared apart.
var colors = []color.Color{color.RGBA{0xb0, 0xb0, 0xb0, 0xff}, color.RGBA{0x1f, 0x77, 0xb4, 0xff}, color.RGBA{0x2c, 0xa0, 0x2c, 0xff}}

// Bars are durations of several steps, each measured in several ways, for a bar chart.
// Values holds a duration for each step of each way.
type Bars struct {
	Title  string
	Steps  []string
	Ways   []string
	Values [][]time.Duration
}

// draw plots the bars, those of one step beside each other, each with its seconds.
func (b Bars) draw(path string) error {
	p := plot.New()
	p.Title.Text = b.Title
	p.Y.Label.Text = "seconds"
	p.Y.Min = 0
	p.Legend.Top = true
	p.NominalX(b.Steps...)
	width := vg.Points(40)
	for i, way := range b.Ways {
		values := make(plotter.Values, 0, len(b.Steps))
		var labels plotter.XYLabels
		offset := width * vg.Length(2*i-len(b.Ways)+1) / 2
		for step, took := range b.Values[i] {
			values = append(values, took.Seconds())
			labels.XYs = append(labels.XYs, plotter.XY{X: float64(step), Y: took.Seconds()})
			labels.Labels = append(labels.Labels, fmt.Sprintf("%.2f", took.Seconds()))
		}
		bars, err := plotter.NewBarChart(values, width)
		if err != nil {
			return fmt.Errorf("plot %s: %w", way, err)
		}
		bars.Offset = offset
		bars.Color = colors[i%len(colors)]
		bars.LineStyle.Width = 0
		names, err := plotter.NewLabels(labels)
		if err != nil {
			return fmt.Errorf("plot the seconds of %s: %w", way, err)
		}
		names.Offset = vg.Point{X: offset - width/4, Y: vg.Points(3)}
		p.Add(bars, names)
		p.Legend.Add(way, bars)
		p.Y.Max = max(p.Y.Max, slices.Max(values)*1.35)
	}
	return p.Save(24*vg.Centimeter, 9*vg.Centimeter, path)
}
