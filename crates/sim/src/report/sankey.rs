//! A picture of who paid whom: holders in columns, ribbons between neighbouring ones.
//!
//! Drawn in a box that stretches sideways only; labels are placed by per cent and keep their
//! shape. Floats are places on paper.

use std::collections::BTreeMap;

use super::escape;

/// Holders in one column; the smallest beyond are drawn as one.
const HOLDERS: usize = 9;
/// Height that all the money takes where no scale is given, px.
pub(crate) const MONEY: f64 = 200.0;
/// Height of a holder's label, px.
const LABEL: f64 = 38.0;
const OTHERS: &str = "others";

/// Money from a holder in one column to one in the next.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// The column it leaves; the first is 0.
    pub(crate) column: usize,
    /// Who paid.
    pub(crate) from: String,
    /// Who was paid.
    pub(crate) to: String,
    /// How much.
    pub(crate) amount: f64,
    /// Why.
    pub(crate) reason: String,
}

/// A holder: where it sits and how much of it ribbons have used up on each side, px.
#[derive(Debug, Clone)]
struct Node {
    name: String,
    amount: f64,
    top: f64,
    left: f64,
    right: f64,
}

/// A ribbon between two holders of neighbouring columns.
type Between = (usize, usize, usize);

/// The holders of every column and the ribbons between them.
#[derive(Debug)]
pub(crate) struct Sankey {
    columns: Vec<Vec<Node>>,
    /// By column, holder there and holder in the next one: amount and reasons.
    ribbons: BTreeMap<Between, (f64, String)>,
    /// px per unit of money.
    scale: f64,
    height: f64,
    /// Names whose places in the list are their colours; by size where it is empty.
    colours: Vec<String>,
}

impl Sankey {
    /// Lays out links in `columns` columns. Without a `scale`, px per unit, all the money that
    /// leaves the first column takes [`MONEY`] px.
    pub(crate) fn new(links: &[Link], columns: usize, scale: Option<f64>) -> Self {
        let mut columns: Vec<Vec<Node>> = (0..columns).map(|at| nodes(links, at)).collect();
        let all = columns
            .iter()
            .map(|nodes| nodes.iter().map(|node| node.amount).sum::<f64>());
        let all = all.fold(0.0, f64::max);
        let scale = scale.unwrap_or(if all > 0.0 { MONEY / all } else { 0.0 });
        let heights = columns.iter_mut().map(|nodes| place(nodes, scale));
        let height = heights.fold(0.0, f64::max);
        let mut ribbons: BTreeMap<Between, (f64, String)> = BTreeMap::new();
        for link in links {
            let (Some(left), Some(right)) =
                (columns.get(link.column), columns.get(link.column + 1))
            else {
                continue;
            };
            let at = (link.column, find(left, &link.from), find(right, &link.to));
            let (amount, reasons) = ribbons.entry(at).or_default();
            *amount += link.amount;
            if !reasons.is_empty() && !link.reason.is_empty() {
                reasons.push_str(", ");
            }
            reasons.push_str(&link.reason);
        }
        Self {
            columns,
            ribbons,
            scale,
            height,
            colours: Vec::new(),
        }
    }

    /// With colours that are the same in every picture: a name's is its place in the list.
    pub(crate) fn coloured(mut self, names: &[String]) -> Self {
        self.colours = names.to_vec();
        self
    }

    /// The colour of a holder of a column.
    fn colour(&self, column: usize, at: usize) -> usize {
        let node = self.columns.get(column).and_then(|nodes| nodes.get(at));
        let known = node.and_then(|node| self.colours.iter().position(|name| *name == node.name));
        known.unwrap_or(at) % 6
    }

    /// The picture; `spoken` says what it is, `show` writes an amount.
    pub(crate) fn svg(mut self, spoken: &str, show: &dyn Fn(f64) -> String) -> String {
        let mut ribbons = String::new();
        let last = self.columns.len().saturating_sub(1).max(1);
        // With a column of reasons in the middle, colours are theirs; otherwise the payers'.
        let by_middle = last > 1;
        for ((column, from, to), (amount, reasons)) in &std::mem::take(&mut self.ribbons) {
            let colour = match by_middle && *column == 0 {
                true => self.colour(column + 1, *to),
                false => self.colour(*column, *from),
            };
            let (before, after) = self.columns.split_at_mut(column + 1);
            let (left, right) = (&mut before[*column][*from], &mut after[0][*to]);
            let (thick, step) = ((amount * self.scale).max(0.6), amount * self.scale);
            let (a, b) = (left.top + left.right, right.top + right.left);
            left.right += step;
            right.left += step;
            let x = |at: usize| 990.0 * at as f64 / last as f64;
            let (start, end) = (x(*column) + 10.0, x(column + 1));
            let middle = (start + end) / 2.0;
            let why = match reasons.is_empty() {
                true => String::new(),
                false => format!(": {}", escape::text(reasons)),
            };
            ribbons.push_str(&format!(
                "<path class=\"ribbon holder{}\" d=\"M{start:.0} {a:.1}C{middle:.0} {a:.1} {middle:.0} {b:.1} {end:.0} {b:.1}V{:.1}C{middle:.0} {:.1} {middle:.0} {:.1} {start:.0} {:.1}Z\"><title>{} paid {} {}{why}</title></path>",
                colour,
                b + thick,
                b + thick,
                a + thick,
                a + thick,
                escape::text(&left.name),
                escape::text(&right.name),
                show(*amount),
            ));
        }
        let (mut bars, mut labels) = (String::new(), String::new());
        for (at, nodes) in self.columns.iter().enumerate() {
            let coloured = if by_middle { at == 1 } else { at == 0 };
            let colour = |i: usize| if coloured { self.colour(at, i) } else { 6 };
            let (bar, label) = column(nodes, self.scale, (at, last), &colour, show);
            bars.push_str(&bar);
            labels.push_str(&label);
        }
        format!(
            "<svg class=\"flows\" role=\"img\" aria-label=\"{}\" height=\"{height:.0}\">\
             <svg viewBox=\"0 0 1000 {height:.0}\" preserveAspectRatio=\"none\" width=\"100%\" height=\"{height:.0}\">{ribbons}{bars}</svg>\
             {labels}</svg>",
            escape::text(spoken),
            height = self.height,
        )
    }
}

/// The holders of a column by what went through them, largest first, the smallest gathered into
/// one.
fn nodes(links: &[Link], column: usize) -> Vec<Node> {
    let mut amounts: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for link in links {
        if link.column == column {
            amounts.entry(&link.from).or_default().1 += link.amount;
        }
        if link.column + 1 == column {
            amounts.entry(&link.to).or_default().0 += link.amount;
        }
    }
    let node = |name: String, amount: f64| Node {
        name,
        amount,
        top: 0.0,
        left: 0.0,
        right: 0.0,
    };
    let mut nodes: Vec<Node> = amounts
        .into_iter()
        .map(|(name, (into, out))| node(name.to_owned(), into.max(out)))
        .collect();
    nodes.sort_by(|a, b| b.amount.total_cmp(&a.amount));
    if nodes.len() > HOLDERS {
        let rest = nodes.split_off(HOLDERS - 1);
        let amount = rest.iter().map(|node| node.amount).sum();
        nodes.push(node(OTHERS.to_owned(), amount));
    }
    nodes
}

/// Gives every holder its place, at least a label apart; returns the height they take.
fn place(nodes: &mut [Node], scale: f64) -> f64 {
    let mut top = 4.0;
    for node in nodes {
        node.top = top;
        top += (node.amount * scale + 14.0).max(LABEL);
    }
    top
}

/// The index of a holder; those not drawn themselves are in the last.
fn find(nodes: &[Node], name: &str) -> usize {
    let found = nodes.iter().position(|node| node.name == name);
    found.unwrap_or(nodes.len().saturating_sub(1))
}

/// The bars of one column, and their labels.
fn column(
    nodes: &[Node],
    scale: f64,
    (at, last): (usize, usize),
    colour: &dyn Fn(usize) -> usize,
    show: &dyn Fn(f64) -> String,
) -> (String, String) {
    #[allow(clippy::cast_precision_loss)]
    let x = at as f64 / last as f64;
    let (label, anchor) = match at {
        0 => ("2.5%".to_owned(), "start"),
        at if at == last => ("97.5%".to_owned(), "end"),
        _ => (format!("{:.1}%", x * 99.0 + 2.0), "start"),
    };
    let mut bars = String::new();
    let mut labels = String::new();
    for (i, node) in nodes.iter().enumerate() {
        let class = colour(i);
        bars.push_str(&format!(
            "<rect class=\"holder{class}\" x=\"{:.0}\" y=\"{:.1}\" width=\"10\" height=\"{:.1}\"/>",
            x * 990.0,
            node.top,
            (node.amount * scale).max(1.5),
        ));
        labels.push_str(&format!(
            "<text x=\"{label}\" y=\"{:.1}\" text-anchor=\"{anchor}\"><tspan>{}</tspan><tspan class=\"sum\" x=\"{label}\" dy=\"1.25em\">{}</tspan></text>",
            node.top + 12.0,
            escape::text(&node.name),
            show(node.amount),
        ));
    }
    (bars, labels)
}
