//! The host that joins two legs of one fax.

use super::{Host, HostId, Path, Role};
use crate::call::Call;
use crate::capture::Endpoint;

/// Gives the host at which one leg ends and the other begins its role; a host that relays SIP on one leg is a proxy
/// on the other too, whatever it answers there.
pub(crate) fn join(a: &mut Call, b: &mut Call) {
    let ends = |call: &Call| {
        let ends = call.path.captured_ends();
        ends.map(|(first, last)| (first.addr, last.addr))
    };
    let (Some(one), Some(other)) = (ends(a), ends(b)) else {
        return;
    };
    let pairs = [(one.1, other.0), (one.0, other.1), (one.0, other.0)];
    // The port decides where two elements share the address.
    let joint = pairs.into_iter().find(|(here, there)| here == there);
    let joint = joint.or_else(|| {
        pairs
            .into_iter()
            .find(|(here, there)| here.addr == there.addr)
    });
    match joint {
        Some((here, there)) => {
            set_role(&mut a.path, here, Role::B2bua);
            set_role(&mut b.path, there, Role::B2bua);
        }
        None => join_apart(a, b),
    }
    let proxies: (Vec<Endpoint>, Vec<Endpoint>) = (proxies(&a.path), proxies(&b.path));
    mark_proxies(&mut a.path, &proxies.1);
    mark_proxies(&mut b.path, &proxies.0);
}

/// No address is on both legs: the B2BUA has one on each side. It is one host where it calls itself the same on both,
/// else nobody knows what lies between.
fn join_apart(a: &mut Call, b: &mut Call) {
    let (near, far) = if a.started <= b.started {
        (a, b)
    } else {
        (b, a)
    };
    let agent = |host: &Host| host.agent.clone();
    let ends = near.path.captured_ends().zip(far.path.captured_ends());
    let Some(((_, callee), (caller, _))) = ends else {
        return;
    };
    let (here, there) = (callee.addr, caller.addr);
    let is_one = agent(callee).is_some() && agent(callee) == agent(caller);
    for (path, own, other) in [(&mut near.path, here, there), (&mut far.path, there, here)] {
        let host = path.host_at(own).map(|HostId(at)| usize::from(at));
        if let Some(host) = host.and_then(|at| path.hosts.get_mut(at)) {
            host.role = Role::B2bua;
            if is_one {
                host.others.push(other);
            }
        }
    }
}

fn set_role(path: &mut Path, end: Endpoint, role: Role) {
    let at = path.host_at(end).map(|HostId(at)| usize::from(at));
    if let Some(host) = at.and_then(|at| path.hosts.get_mut(at)) {
        host.role = role;
    }
}

fn proxies(path: &Path) -> Vec<Endpoint> {
    let proxies = path.hosts.iter().filter(|host| host.role == Role::Proxy);
    proxies.map(|host| host.addr).collect()
}

fn mark_proxies(path: &mut Path, known: &[Endpoint]) {
    let is_end = |host: &&mut Host| matches!(host.role, Role::Caller | Role::Callee);
    for host in path.hosts.iter_mut().filter(is_end) {
        if known.contains(&host.addr) {
            host.role = Role::Proxy;
        }
    }
}
