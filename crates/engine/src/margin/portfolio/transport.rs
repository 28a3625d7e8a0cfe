//! Exact pairing of long and short quantities that saves the most: a transportation problem.
//!
//! Every component of two legs pairs a long with a short quantity of one expiry (Rudd & Schroeder
//! 1982), so the decomposition with the least margin is: maximise `sum saving[i][j] * x[i][j]`
//! subject to `sum_j x[i][j] <= supply[i]` and `sum_i x[i][j] <= demand[j]`. The matrix is totally
//! unimodular, so the optimum is integral.
//!
//! Solved by successive longest augmenting paths (Dijkstra with potentials on the dense residual
//! graph); the gain of a path never grows, so it stops at the first that gains nothing. Written
//! here because none of the kept crates fits: `pathfinding` has assignment of single units only,
//! `microlp`, `good_lp` and HiGHS compute in floats, `mcmf` builds C++, `rs-graph` is GPL, and
//! savings are 128-bit money that must be refused, not wrapped, when it overflows.
//!
//! Units: quantities raw, savings raw money per raw unit of quantity. Deterministic: ties are
//! broken by index.

use plimsoll_units::ArithmeticError;

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// A transportation problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transport {
    supply: Vec<i64>,
    demand: Vec<i64>,
    /// What a unit from a supply to a demand saves; `None` where the two cannot be paired. By
    /// supply, then by demand.
    saving: Vec<Option<i128>>,
}

/// One pairing of a solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shipment {
    /// From which supply.
    pub from: usize,
    /// To which demand.
    pub to: usize,
    /// How much, positive.
    pub quantity: i64,
}

/// Where a node's cheapest path comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A supply that has something left.
    Source,
    /// The node of this number.
    Node(usize),
}

/// A node of the search: its distance, and whether it is settled.
#[derive(Debug, Clone, Copy)]
struct Label {
    distance: i128,
    before: Before,
    done: bool,
}

/// The search: supplies are nodes `0..n`, demands `n..n+m`.
struct Search<'p> {
    problem: &'p Transport,
    left: Vec<i64>,
    wanted: Vec<i64>,
    flow: Vec<i64>,
    /// Potentials: every residual arc has a reduced cost of zero or more.
    potential: Vec<i128>,
    source: i128,
}

impl Transport {
    /// A problem without pairings yet; negative quantities count as none.
    #[must_use]
    pub fn new(supply: Vec<i64>, demand: Vec<i64>) -> Self {
        let saving = vec![None; supply.len().saturating_mul(demand.len())];
        Self {
            supply,
            demand,
            saving,
        }
    }

    /// Allows a pairing. Places outside the problem are ignored.
    pub fn allow(&mut self, from: usize, to: usize, saving: i128) {
        if to >= self.demand.len() {
            return;
        }
        let place = self.place(from, to);
        if let Some(place) = self.saving.get_mut(place) {
            *place = Some(saving);
        }
    }

    fn place(&self, from: usize, to: usize) -> usize {
        from.saturating_mul(self.demand.len()).saturating_add(to)
    }

    fn saving(&self, from: usize, to: usize) -> Option<i128> {
        self.saving.get(self.place(from, to)).copied().flatten()
    }

    /// The pairing that saves the most, by supply and demand; what saves nothing is not paired.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] when a sum of savings does not fit.
    pub fn solve(&self) -> Result<Vec<Shipment>, ArithmeticError> {
        let mut search = Search::new(self)?;
        while search.augment()? {}
        let mut shipments = Vec::new();
        for from in 0..self.supply.len() {
            for to in 0..self.demand.len() {
                let quantity = search.flow.get(self.place(from, to)).copied();
                if let Some(quantity) = quantity.filter(|q| *q > 0) {
                    shipments.push(Shipment { from, to, quantity });
                }
            }
        }
        Ok(shipments)
    }
}

impl<'p> Search<'p> {
    fn new(problem: &'p Transport) -> Result<Self, ArithmeticError> {
        let (n, m) = (problem.supply.len(), problem.demand.len());
        // Costs are negated savings; supplies start at zero, a demand at its cheapest arc.
        let mut potential = vec![0i128; n];
        for to in 0..m {
            let best = (0..n).filter_map(|from| problem.saving(from, to)).max();
            let lowest = best.unwrap_or(0).checked_neg().ok_or(OVERFLOW)?;
            potential.push(lowest);
        }
        Ok(Self {
            problem,
            left: problem.supply.clone(),
            wanted: problem.demand.clone(),
            flow: vec![0; problem.saving.len()],
            potential,
            source: 0,
        })
    }

    fn nodes(&self) -> usize {
        self.potential.len()
    }

    fn supplies(&self) -> usize {
        self.left.len()
    }

    /// Reduced cost of the residual arc between two nodes, where there is one.
    fn arc(&self, from: usize, to: usize) -> Result<Option<i128>, ArithmeticError> {
        let n = self.supplies();
        let cost = match (from.checked_sub(n), to.checked_sub(n)) {
            (None, Some(demand)) => match self.problem.saving(from, demand) {
                Some(saving) => saving.checked_neg().ok_or(OVERFLOW)?,
                None => return Ok(None),
            },
            (Some(demand), None) => {
                let place = self.problem.place(to, demand);
                if self.flow.get(place).copied().unwrap_or(0) <= 0 {
                    return Ok(None);
                }
                self.problem.saving(to, demand).unwrap_or(0)
            }
            _ => return Ok(None),
        };
        let (Some(here), Some(there)) = (self.potential.get(from), self.potential.get(to)) else {
            return Ok(None);
        };
        let reduced = cost.checked_add(*here).and_then(|c| c.checked_sub(*there));
        reduced.map(Some).ok_or(OVERFLOW)
    }

    /// Distances from the source, by reduced costs.
    fn distances(&self) -> Result<Vec<Option<Label>>, ArithmeticError> {
        let mut labels: Vec<Option<Label>> = vec![None; self.nodes()];
        for (node, left) in self.left.iter().enumerate() {
            let Some(potential) = self.potential.get(node).filter(|_| *left > 0) else {
                continue;
            };
            let distance = self.source.checked_sub(*potential).ok_or(OVERFLOW)?;
            if let Some(label) = labels.get_mut(node) {
                *label = Some(Label {
                    distance,
                    before: Before::Source,
                    done: false,
                });
            }
        }
        while let Some((node, distance)) = nearest(&labels) {
            if let Some(Some(label)) = labels.get_mut(node) {
                label.done = true;
            }
            for (to, place) in labels.iter_mut().enumerate() {
                if place.is_some_and(|l| l.done) {
                    continue;
                }
                let Some(cost) = self.arc(node, to)? else {
                    continue;
                };
                let further = distance.checked_add(cost).ok_or(OVERFLOW)?;
                if place.is_none_or(|l| further < l.distance) {
                    *place = Some(Label {
                        distance: further,
                        before: Before::Node(node),
                        done: false,
                    });
                }
            }
        }
        Ok(labels)
    }

    /// Sends what fits along the path that saves most; false when no path saves anything.
    fn augment(&mut self) -> Result<bool, ArithmeticError> {
        let labels = self.distances()?;
        let n = self.supplies();
        let mut best: Option<(i128, usize)> = None;
        for (demand, wanted) in self.wanted.iter().enumerate() {
            let node = n.saturating_add(demand);
            let (Some(Some(label)), Some(potential)) = (labels.get(node), self.potential.get(node))
            else {
                continue;
            };
            // The true cost of the path, potentials taken out again.
            let cost = label.distance.checked_add(*potential).ok_or(OVERFLOW)?;
            if *wanted > 0 && best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, node));
            }
        }
        let Some((cost, end)) = best else {
            return Ok(false);
        };
        let cost = cost.checked_sub(self.source).ok_or(OVERFLOW)?;
        if cost >= 0 {
            return Ok(false);
        }
        self.send(&labels, end)?;
        self.settle_potentials(&labels)?;
        Ok(true)
    }

    /// Moves the largest quantity the path to `end` carries.
    fn send(&mut self, labels: &[Option<Label>], end: usize) -> Result<(), ArithmeticError> {
        let n = self.supplies();
        let demand = end.saturating_sub(n);
        let mut path = Vec::new();
        let mut node = end;
        let mut most = self.wanted.get(demand).copied().unwrap_or(0);
        // A path visits a node at most once.
        for _ in 0..self.nodes() {
            match labels.get(node).copied().flatten().map(|l| l.before) {
                Some(Before::Node(before)) => {
                    if let Some(back) = node_pair(before, node, n).filter(|_| before >= n) {
                        let place = self.problem.place(back.0, back.1);
                        most = most.min(self.flow.get(place).copied().unwrap_or(0));
                    }
                    path.push((before, node));
                    node = before;
                }
                Some(Before::Source) | None => break,
            }
        }
        most = most.min(self.left.get(node).copied().unwrap_or(0));
        for (before, after) in path {
            let Some((from, to)) = node_pair(before, after, n) else {
                continue;
            };
            let signed = if before < n {
                most
            } else {
                most.saturating_neg()
            };
            let place = self.problem.place(from, to);
            if let Some(flow) = self.flow.get_mut(place) {
                *flow = flow.checked_add(signed).ok_or(OVERFLOW)?;
            }
        }
        let places = [self.left.get_mut(node), self.wanted.get_mut(demand)];
        for quantity in places.into_iter().flatten() {
            *quantity = quantity.saturating_sub(most);
        }
        Ok(())
    }

    /// Adds distances to potentials, so that reduced costs stay at or above zero; nodes that were
    /// not reached are put behind all others.
    fn settle_potentials(&mut self, labels: &[Option<Label>]) -> Result<(), ArithmeticError> {
        let farthest = labels.iter().flatten().map(|l| l.distance).max();
        let farthest = farthest.unwrap_or(0);
        for (potential, label) in self.potential.iter_mut().zip(labels) {
            let distance = label.map_or(farthest, |l| l.distance);
            *potential = potential.checked_add(distance).ok_or(OVERFLOW)?;
        }
        Ok(())
    }
}

/// The supply and the demand of an arc, whichever way it is walked.
fn node_pair(from: usize, to: usize, supplies: usize) -> Option<(usize, usize)> {
    match (from.checked_sub(supplies), to.checked_sub(supplies)) {
        (None, Some(demand)) => Some((from, demand)),
        (Some(demand), None) => Some((to, demand)),
        _ => None,
    }
}

/// The nearest node that is not settled yet; the lowest number among equals.
fn nearest(labels: &[Option<Label>]) -> Option<(usize, i128)> {
    let mut best: Option<(usize, i128)> = None;
    for (node, label) in labels.iter().enumerate() {
        let Some(label) = label.filter(|l| !l.done) else {
            continue;
        };
        if best.is_none_or(|(_, distance)| label.distance < distance) {
            best = Some((node, label.distance));
        }
    }
    best
}

#[cfg(test)]
mod tests;
