//! One line on the terminal that tells what is being waited for.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{self, Instant};

use super::style::is_dumb;

/// Whether the line is on the screen.
#[derive(Default)]
pub(super) struct Line {
    shown: Mutex<bool>,
}

impl Line {
    fn show(&self, text: &str) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = write!(io::stderr().lock(), "\r{text}\x1b[K");
        *shown = true;
    }

    pub(super) fn clear(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut *shown) {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// Shows the line while it lives, from 300 ms on.
pub(crate) struct Progress {
    line: Arc<Line>,
    task: Option<AbortHandle>,
}

impl Progress {
    pub(super) fn start(line: &Arc<Line>, what: String, wanted: bool) -> Self {
        let wanted = wanted && io::stderr().is_terminal() && !is_dumb();
        let task = wanted.then(|| tokio::spawn(tick(Arc::clone(line), what)).abort_handle());
        Self { line: Arc::clone(line), task }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        self.line.clear();
    }
}

async fn tick(line: Arc<Line>, what: String) {
    let started = Instant::now();
    time::sleep(PATIENCE).await;
    let mut frames = FRAMES.iter().cycle();
    loop {
        let frame = frames.next().unwrap_or(&' ');
        line.show(&format!("{frame} {what} {:.1} s", started.elapsed().as_secs_f64()));
        time::sleep(FRAME).await;
    }
}

const PATIENCE: Duration = Duration::from_millis(300);
const FRAME: Duration = Duration::from_millis(100);
const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
