//! Which lifelines are shown where there is no room for all: a media proxy goes into its proxy, then what only relays
//! goes, then a window shows some of them.

use std::collections::HashSet;

use crate::view::ladder::columns::{Columns, Kind, Stand};
use crate::view::ladder::geometry::Geometry;

impl Columns {
    /// Draws each media proxy at the element that it serves.
    pub(super) fn merge_media_proxies(&mut self) {
        let mut stands: Vec<Stand> = Vec::with_capacity(self.hosts.len());
        let mut next = 0;
        for host in &self.hosts {
            let own = host.serves.and_then(|served| stands.get(served).copied());
            stands.push(own.unwrap_or_else(|| {
                next += 1;
                Stand::Column(next - 1)
            }));
        }
        let serving: Vec<usize> = self.hosts.iter().filter_map(|host| host.serves).collect();
        for served in serving {
            if let Some(host) = self.hosts.get_mut(served)
                && !host.roles.iter().any(|role| role.ends_with(MEDIA))
            {
                let with_media = host.roles.iter().map(|role| format!("{role}{MEDIA}"));
                host.roles = with_media.chain(host.roles.last().cloned()).collect();
            }
        }
        self.restand(stands);
    }

    /// Takes away the lifelines of what only relays, but for those at which an arrow begins or ends.
    pub(super) fn hide_relays(&mut self, used: &HashSet<usize>) {
        let hidden: Vec<bool> = (0..self.hosts.len())
            .map(|at| {
                let relays = |host: &usize| {
                    self.hosts
                        .get(*host)
                        .is_some_and(|host| host.kind == Kind::Relay)
                };
                let mut here =
                    (0..self.hosts.len()).filter(|other| self.stand(*other) == self.stand(at));
                here.all(|other| relays(&other) && !used.contains(&other))
            })
            .collect();
        let mut next = 0;
        let mut before: Vec<(Stand, Stand)> = Vec::new();
        let mut stands = Vec::with_capacity(hidden.len());
        for (at, hidden) in hidden.into_iter().enumerate() {
            let old = self.stand(at);
            let known = before.iter().find(|(other, _)| *other == old);
            let new = match (hidden, known) {
                (true, _) => Stand::Hidden,
                (false, Some((_, new))) => *new,
                (false, None) => {
                    next += 1;
                    Stand::Column(next - 1)
                }
            };
            before.push((old, new));
            stands.push(new);
        }
        self.restand(stands);
    }

    /// Shows as many neighbouring lifelines as have room, at least two, the first of them as near to `first` as can
    /// be; tells which is the first.
    pub(super) fn show_window(&mut self, first: usize, width: usize, time: usize) -> usize {
        let all = self.stands();
        let columns = self.shown().len();
        for many in (2..columns).rev() {
            let first = first.min(columns - many);
            let stands = all.iter().map(|stand| match stand {
                Stand::Column(at) if *at < first => Stand::Left,
                Stand::Column(at) if *at >= first + many => Stand::Right,
                Stand::Column(at) => Stand::Column(at - first),
                other => *other,
            });
            self.restand(stands.collect());
            if Geometry::fits(self, width, time) {
                return first;
            }
        }
        first.min(columns.saturating_sub(2))
    }
}

/// What stands over an element whose media proxy has no lifeline.
const MEDIA: &str = " +media";
