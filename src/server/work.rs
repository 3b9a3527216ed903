//! What the second thread does: one look or one fix after the other.

use crate::findings::Report;
use crate::server::{Host, View, Wanted};
use crossbeam_channel::{Receiver, Sender};

/// Something to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Look at a folder.
    Check(View),
    /// Fix several things, each by itself.
    Fix(View, Vec<Wanted>),
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Done {
    /// The findings of a folder.
    Checked(Result<Report, String>),
    /// What each of the fixes makes of the files.
    Fixed(Vec<Result<Report, String>>),
}

/// Works until nobody sends jobs any more.
pub(super) fn work(host: &dyn Host, jobs: &Receiver<Job>, results: &Sender<Done>) {
    for job in jobs {
        let done = match job {
            Job::Check(view) => Done::Checked(host.check(&view)),
            Job::Fix(view, wanted) => {
                Done::Fixed(wanted.iter().map(|wanted| host.fix(&view, wanted)).collect())
            }
        };
        if results.send(done).is_err() {
            return;
        }
    }
}
