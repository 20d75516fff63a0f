"""Everything that can go wrong with a request, at every request of applies over 200 groups, on real servers.

Between groupsync and the server stands a proxy. An apply goes wrong at each of its requests, the first time that this
very request is made; so does what resumes it, at each request that the apply did not come to. Groups have nothing to do
with each other, so that one apply can carry another fault at every one of them: in the nth apply a request has the nth
fault after the one that it had in the first, and after as many applies as there are faults every request had them all.

What is proved is counted and printed. A membership is lost if it was there, should stay and is gone, or if it should be
there in the end and is not; it is unintended if it neither was there nor should be.
"""

from __future__ import annotations

from tests.servers.worlds import COUNTS, FAULTS, PATIENCE, Ledger, Mischief


def test_a_resume_mends_whatever_goes_wrong_at_any_request(world, tell):
    """After as many applies as there are faults every write had each of them; nobody is lost, nobody slips in."""
    ledger = Ledger()
    try:
        for turn in range(len(FAULTS)):
            world.reset()
            mischief = Mischief(world.server, turn)
            world.apply(ledger, mischief)
            while world.insist(world.resume, ledger):
                assert ledger.runs < PATIENCE * len(FAULTS)
            world.check_in_the_end(ledger)
            ledger.count(mischief)
    finally:
        world.proxy.reset()
        tell(ledger.told(world.server.name))
    assert (set(), set()) == (ledger.lost, ledger.unintended)
    assert ledger.met_all() >= sum(COUNTS.values())
