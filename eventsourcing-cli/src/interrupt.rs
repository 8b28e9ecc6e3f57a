//! Ctrl-C: the command finishes what it is doing and stops.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether the command was asked to stop, by SIGINT or SIGTERM.
///
/// A command that was asked a second time ends at once.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    asked: watch::Receiver<bool>,
    /// Keeps the channel open where no signal can be listened to.
    _sender: Arc<watch::Sender<bool>>,
}

impl Interrupt {
    /// Listens for the signals from now on.
    pub(crate) fn listen() -> Self {
        let (sender, asked) = watch::channel(false);
        let sender = Arc::new(sender);
        let told = Arc::clone(&sender);
        // before the first line is printed, not when the task gets its turn
        let mut signals = Signals::listen();
        tokio::spawn(async move {
            while signals.next().await {
                if told.send_replace(true) {
                    crate::screen::restore();
                    std::process::exit(130);
                }
            }
        });
        Self { asked, _sender: sender }
    }

    /// Whether the command was asked to stop.
    pub(crate) fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// Waits until the command is asked to stop.
    pub(crate) async fn asked(&self) {
        // the sender is kept, so this ends with the signal alone
        let _ = self.asked.clone().wait_for(|asked| *asked).await;
    }
}

/// SIGINT and SIGTERM.
#[cfg(unix)]
struct Signals {
    interrupted: Option<tokio::signal::unix::Signal>,
    terminated: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Without a handler, the signal ends the process, as it does by default.
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { interrupted: signal(SignalKind::interrupt()).ok(), terminated: signal(SignalKind::terminate()).ok() }
    }

    /// Waits for a signal. Returns `false` if there is none to wait for.
    async fn next(&mut self) -> bool {
        let Self { interrupted, terminated } = self;
        let (Some(interrupted), Some(terminated)) = (interrupted, terminated) else { return false };
        tokio::select! {
            signal = interrupted.recv() => signal.is_some(),
            signal = terminated.recv() => signal.is_some(),
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
