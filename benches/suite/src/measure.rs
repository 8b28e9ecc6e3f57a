//! Rounds that alternate between contenders, and the medians of what they gave.
//!
//! A machine's speed drifts while it is measured. Contenders that take turns see the same drift, so their ratio holds
//! where their figures do not.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::{RUNTIME, in_a_task, wait};

/// What one round gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    pub per_second: f64,
    /// Microseconds that half of the operations needed at most; none where only the whole was timed.
    pub p50: Option<f64>,
    /// Microseconds that all but the slowest hundredth needed at most.
    pub p99: Option<f64>,
}

impl Round {
    /// So many things in that time.
    pub fn of(count: usize, elapsed: Duration) -> Self {
        Self { per_second: count as f64 / elapsed.as_secs_f64(), p50: None, p99: None }
    }

    /// Operations whose durations are known one by one.
    pub fn of_latencies(mut latencies: Vec<Duration>, elapsed: Duration) -> Self {
        latencies.sort_unstable();
        let at = |share: f64| {
            let place = ((latencies.len().saturating_sub(1)) as f64 * share) as usize;
            latencies.get(place).map(|latency| latency.as_secs_f64() * 1e6)
        };
        Self { p50: at(0.5), p99: at(0.99), ..Self::of(latencies.len(), elapsed) }
    }
}

/// One of those that do the same work.
pub struct Contender<'a> {
    who: &'static str,
    run: Box<dyn FnMut() -> Round + 'a>,
    /// Its files or tables, which go after all that uses them.
    _keep: Option<Box<dyn Any>>,
}

impl<'a> Contender<'a> {
    /// One whose round is a call.
    pub fn new(who: &'static str, run: impl FnMut() -> Round + 'a) -> Self {
        Self { who, run: Box::new(run), _keep: None }
    }

    /// One whose round lets tasks work for that time; the tasks go on in the next round.
    pub fn crew<W: Work>(who: &'static str, time: Duration, mut crew: Vec<W>) -> Self {
        Self::new(who, move || work(&mut crew, time))
    }

    /// One whose round lets a task do one thing after the other for that time; latencies are those of their effects.
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

/// The medians of a contender's rounds, each figure by itself.
#[derive(Clone, Debug)]
pub struct Measured {
    pub who: &'static str,
    pub median: Round,
    pub slowest: f64,
    pub fastest: f64,
}

/// Lets contenders take turns for so many rounds, after one that does not count.
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
        // there and back, so that none always comes after the same other
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

/// What a task does over and over.
pub trait Work: Send + 'static {
    /// Does it once.
    fn once(&mut self) -> impl Future<Output = ()> + Send;
}

/// What a task does over and over, and what has effect a little later elsewhere.
pub trait Delayed: Send + 'static {
    /// Does it once, and says how long after it was done it had its effect.
    fn once(&mut self) -> impl Future<Output = Duration> + Send;
}

/// Lets each of the crew work in a task of its own for that time.
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
    // this thread is none of the runtime's: work that never yields cannot keep it from its turn
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
