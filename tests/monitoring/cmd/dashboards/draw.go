package main

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/sequential-questioning/sequential-questioning/tests/monitoring/dashboard"
)

// The sizes are for a page of documentation: three panels next to each other can be
// read at the width of GitHub's text. Eight series are what a legend can name before it
// takes more room than the curves.
const (
	columns    = 3
	tileWidth  = 11 * vg.Centimeter
	tileHeight = 7.4 * vg.Centimeter
	mostNamed  = 8 // series in a legend
	resolution = 110
)

// colours are those of D3's category10, which are distinct in print as well. With more
// series than colours they begin again; the legend names fewer than that.
var colours = []color.Color{
	color.RGBA{0x1f, 0x77, 0xb4, 0xff}, color.RGBA{0xd6, 0x27, 0x28, 0xff}, color.RGBA{0x2c, 0xa0, 0x2c, 0xff},
	color.RGBA{0xff, 0x7f, 0x0e, 0xff}, color.RGBA{0x94, 0x67, 0xbd, 0xff}, color.RGBA{0x8c, 0x56, 0x4b, 0xff},
	color.RGBA{0xe3, 0x77, 0xc2, 0xff}, color.RGBA{0x7f, 0x7f, 0x7f, 0xff}, color.RGBA{0xbc, 0xbd, 0x22, 0xff}, color.RGBA{0x17, 0xbe, 0xcf, 0xff},
}

// paint draws a dashboard's panels, three per row, into a picture. The file is written
// when all panels are drawn: a query that fails leaves the earlier picture as it was.
// Panels are in the order of the dashboard, not at Grafana's positions. Those without data
// are left out and named on standard error: what they show was no part of the run.
func paint(ctx context.Context, d dashboard.Dashboard, p *prometheus, began, ended time.Time, file string) error {
	type filled struct {
		dashboard.Panel
		lines []line
	}
	var panels []filled
	for _, panel := range d.Panels {
		lines, err := answers(ctx, panel, p, began, ended)
		if err != nil {
			return fmt.Errorf("panel %s: %w", panel.Title, err)
		}
		if len(lines) == 0 {
			fmt.Fprintf(os.Stderr, "%s: no data for %s\n", d.Name, panel.Title)
			continue
		}
		panels = append(panels, filled{panel, lines})
	}
	if len(panels) == 0 {
		return errors.New("no panel has data")
	}
	rows := (len(panels) + columns - 1) / columns
	canvas := vgimg.NewWith(vgimg.UseWH(columns*tileWidth, vg.Length(rows)*tileHeight), vgimg.UseDPI(resolution), vgimg.UseBackgroundColor(color.White))
	whole := draw.New(canvas)
	for i, panel := range panels {
		left, top := vg.Length(i%columns)*tileWidth, vg.Length(rows-i/columns)*tileHeight
		tile := draw.Crop(whole, left+6, left+tileWidth-6-columns*tileWidth, top-tileHeight+6, top-6-vg.Length(rows)*tileHeight)
		if err := drawPanel(tile, panel.Panel, panel.lines); err != nil {
			return fmt.Errorf("panel %s: %w", panel.Title, err)
		}
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// answers runs a panel's queries. Panels of logs have no answers here: no Loki runs.
// The rate's window is ours here; Grafana derives its own from the time that is shown.
func answers(ctx context.Context, panel dashboard.Panel, p *prometheus, began, ended time.Time) ([]line, error) {
	if panel.Datasource.Type != "prometheus" {
		return nil, nil
	}
	var all []line
	for _, t := range panel.Targets {
		lines, err := p.ask(ctx, t.Query(rateWindow), t.LegendFormat, began, ended)
		if err != nil {
			return nil, err
		}
		all = append(all, lines...)
	}
	return all, nil
}

// drawPanel draws one panel with its legend above the curves, where it hides
// nothing.
func drawPanel(tile draw.Canvas, panel dashboard.Panel, lines []line) error {
	chart := plot.New()
	chart.Title.Text = panel.Title
	chart.Title.TextStyle.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Weight: 3, Size: 11}
	small := font.Font{Typeface: "Liberation", Variant: "Sans", Size: 8}
	chart.X.Tick.Label.Font, chart.Y.Tick.Label.Font = small, small
	chart.X.Label.Text = "seconds"
	chart.X.Label.TextStyle.Font = small
	// From nought: a picture that cuts the axis makes a small change look large.
	chart.X.Min, chart.Y.Min = 0, 0
	chart.Add(plotter.NewGrid())
	legend := plot.NewLegend()
	legend.TextStyle.Font, legend.Padding, legend.Left, legend.Top = small, 2, true, true
	highest := 0.0
	below := make([]float64, len(lines[0].values))
	for i, l := range lines {
		colour := colours[i%len(colours)]
		shown, fill, err := trace(l.values, below, panel.FieldConfig.Defaults.Custom.Stacking.Mode == "normal")
		if err != nil {
			return err
		}
		for _, part := range shown {
			for _, point := range part {
				highest = max(highest, point.Y)
			}
			curve, err := plotter.NewLine(part)
			if err != nil {
				return err
			}
			curve.Color, curve.Width = colour, vg.Points(1.2)
			chart.Add(curve)
		}
		if fill != nil {
			r, g, b, _ := colour.RGBA()
			fill.Color, fill.LineStyle.Width = color.NRGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 0x60}, 0
			chart.Add(fill)
		}
		// “and 1 more” would take the line that the name itself needs.
		if i < mostNamed || len(lines) == mostNamed+1 {
			swatch := &plotter.Line{LineStyle: draw.LineStyle{Color: colour, Width: vg.Points(3)}}
			legend.Add(l.name, swatch)
		} else if i == len(lines)-1 {
			legend.Add(fmt.Sprintf("and %d more", len(lines)-mostNamed))
		}
	}
	// A series of noughts is data too, and shows at the bottom.
	if highest == 0 {
		highest = 1
	}
	chart.Y.Max = highest * 1.1
	chart.Y.Tick.Marker = unit(panel.FieldConfig.Defaults.Unit)
	// The legend has a line for each name, and the chart the height that is left.
	named := min(len(lines), mostNamed+1)
	room := vg.Length(named)*11 + 6
	chart.Draw(draw.Crop(tile, 0, 0, room, 0))
	legend.Draw(draw.Crop(tile, 24, 0, 0, room-(tile.Max.Y-tile.Min.Y)))
	return nil
}

// trace converts values to the parts of a curve between gaps, and stacked ones to an
// area on top of those below. below is changed: each series raises it for the next one.
// A gap in a stacked series counts as nought, as in Grafana; in others it stays a gap,
// since a line across it would claim values that nobody measured.
func trace(values, below []float64, stacked bool) (parts []plotter.XYs, area *plotter.Polygon, err error) {
	var part, upper, lower plotter.XYs
	for i, value := range values {
		x := float64(i) * scrapeEvery.Seconds()
		if stacked {
			lower = append(lower, plotter.XY{X: x, Y: below[i]})
			if !math.IsNaN(value) {
				below[i] += value
			}
			upper = append(upper, plotter.XY{X: x, Y: below[i]})
			continue
		}
		if math.IsNaN(value) {
			if len(part) > 0 {
				parts, part = append(parts, part), nil
			}
			continue
		}
		part = append(part, plotter.XY{X: x, Y: value})
	}
	if !stacked {
		if len(part) > 0 {
			parts = append(parts, part)
		}
		return parts, nil, nil
	}
	outline := append(plotter.XYs{}, upper...)
	for i := len(lower) - 1; i >= 0; i-- {
		outline = append(outline, lower[i])
	}
	area, err = plotter.NewPolygon(outline)
	return []plotter.XYs{upper}, area, err
}

// unit formats an axis in Grafana's units. The pictures then have the labels that an
// operator sees in Grafana.
type unit string

// Ticks implements plot.Ticker. Ticks without a label are the small ones between, and
// stay without.
func (u unit) Ticks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = u.format(ticks[i].Value)
		}
	}
	return ticks
}

// format writes a value as Grafana would, for the units that the dashboards use.
func (u unit) format(v float64) string {
	switch {
	case u == "s" && v != 0 && math.Abs(v) < 1:
		return plain(v*1000) + " ms"
	case u == "s":
		return plain(v) + " s"
	case u == "percentunit":
		return plain(v*100) + " %"
	case u == "bytes":
		return fmt.Sprintf("%.0f MiB", v/(1<<20))
	case u == "reqps" || u == "cps":
		return plain(v) + "/s"
	}
	return plain(v)
}

// plain has four significant digits. Sums of floating-point numbers would otherwise
// show their last bits.
func plain(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
