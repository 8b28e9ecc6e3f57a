//! Rounds that alternate between contenders, and the medians of their results.
//!
//! A machine's speed drifts during a measurement. Contenders that alternate see the same drift, so their ratio is valid
//! even if their figures are not.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::{RUNTIME, in_a_task, wait};

/// The result of one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    pub per_second: f64,
    /// The median of the durations in microseconds; `None` if only the whole round was timed.
    pub p50: Option<f64>,
    /// The 99th percentile of the durations in microseconds.
    pub p99: Option<f64>,
}

impl Round {
    /// The result of a number of operations in this time.
    pub fn of(count: usize, elapsed: Duration) -> Self {
        Self { per_second: count as f64 / elapsed.as_secs_f64(), p50: None, p99: None }
    }

    /// The result of operations with these durations.
    pub fn of_latencies(mut latencies: Vec<Duration>, elapsed: Duration) -> Self {
        latencies.sort_unstable();
        let at = |share: f64| {
            let place = ((latencies.len().saturating_sub(1)) as f64 * share) as usize;
            latencies.get(place).map(|latency| latency.as_secs_f64() * 1e6)
        };
        Self { p50: at(0.5), p99: at(0.99), ..Self::of(latencies.len(), elapsed) }
    }
}

/// One of the implementations of the same work that are compared.
pub struct Contender<'a> {
    who: &'static str,
    run: Box<dyn FnMut() -> Round + 'a>,
    /// Its files or tables, which are dropped after everything that uses them.
    _keep: Option<Box<dyn Any>>,
}

impl<'a> Contender<'a> {
    /// A contender whose round is a call.
    pub fn new(who: &'static str, run: impl FnMut() -> Round + 'a) -> Self {
        Self { who, run: Box::new(run), _keep: None }
    }

    /// A contender whose round lets tasks work for this time. The tasks continue in the next round.
    pub fn crew<W: Work>(who: &'static str, time: Duration, mut crew: Vec<W>) -> Self {
        Self::new(who, move || work(&mut crew, time))
    }

    /// A contender whose round lets one task repeat an operation for this time. Its durations are those until the effect.
    pub fn delays<D: Delayed>(who: &'static str, time: Duration, delayed: D) -> Self {
        let mut delayed = Some(delayed);
        Self::new(who, move || {
            let mut one = delayed.take().unwrap();
            let (round, one) = in_a_task(async move {
                let (start, mut delays) = (Instant::now(), Vec::with_capacity(1 << 14));
                while start.elapsed() < time {
                    delays.push(one.once().await);
                }
                (Round::of_latencies(delays, start.elapsed()), one)
            });
            delayed = Some(one);
            round
        })
    }

    /// Keeps its files or tables until it is done.
    pub fn keeping(mut self, what: impl Any) -> Self {
        self._keep = Some(Box::new(what));
        self
    }
}

/// The medians of a contender's rounds, of each figure separately.
#[derive(Clone, Debug)]
pub struct Measured {
    pub who: &'static str,
    pub median: Round,
    pub slowest: f64,
    pub fastest: f64,
}

/// Alternates between contenders for this number of rounds, after one that is not counted.
pub fn alternate(rounds: usize, mut contenders: Vec<Contender<'_>>) -> Vec<Measured> {
    let mut results: Vec<Vec<Round>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        let mut turn = |(contender, rounds): (&mut Contender<'_>, &mut Vec<Round>)| {
            let result = (contender.run)();
            if round > 0 {
                rounds.push(result);
            }
        };
        let pairs = contenders.iter_mut().zip(&mut results);
        // every second round is in reverse order, so that no contender always comes after the same other one
        if round % 2 == 0 { pairs.for_each(&mut turn) } else { pairs.rev().for_each(&mut turn) }
    }
    contenders.iter().zip(results).map(|(contender, rounds)| Measured::of(contender.who, &rounds)).collect()
}

impl Measured {
    fn of(who: &'static str, rounds: &[Round]) -> Self {
        let speeds: Vec<f64> = rounds.iter().map(|round| round.per_second).collect();
        let all = |figure: fn(&Round) -> Option<f64>| rounds.iter().filter_map(figure).collect();
        Self {
            who,
            slowest: speeds.iter().copied().fold(f64::INFINITY, f64::min),
            fastest: speeds.iter().copied().fold(0.0, f64::max),
            median: Round {
                per_second: median(speeds).unwrap_or_default(),
                p50: median(all(|round| round.p50)),
                p99: median(all(|round| round.p99)),
            },
        }
    }
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

/// An operation that a task repeats.
pub trait Work: Send + 'static {
    /// Runs the operation once.
    fn once(&mut self) -> impl Future<Output = ()> + Send;
}

/// An operation that a task repeats, and that has its effect later, elsewhere.
pub trait Delayed: Send + 'static {
    /// Runs the operation once, and returns the time from its end to its effect.
    fn once(&mut self) -> impl Future<Output = Duration> + Send;
}

/// Lets each worker of the crew work in its own task for this time.
pub fn work<W: Work>(crew: &mut Vec<W>, time: Duration) -> Round {
    let stop = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    let run = |mut worker: W| {
        let stop = Arc::clone(&stop);
        RUNTIME.spawn(async move {
            let mut latencies = Vec::with_capacity(1 << 14);
            let mut before = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                worker.once().await;
                let now = Instant::now();
                latencies.push(now - before);
                before = now;
            }
            (worker, latencies)
        })
    };
    let running: Vec<_> = crew.drain(..).map(run).collect();
    // this thread does not belong to the runtime, so work that never yields cannot delay it
    std::thread::sleep(time);
    stop.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    for task in running {
        let (worker, of_this) = wait(task).unwrap();
        crew.push(worker);
        latencies.extend(of_this);
    }
    Round::of_latencies(latencies, start.elapsed())
}
