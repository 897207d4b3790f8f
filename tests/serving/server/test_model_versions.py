import asyncio
import threading

import pytest

from kmm.serving.server.model_versions import ModelVersions
from kmm.serving.server.request_error import RequestError
from tests.cases.served_echo import EchoSession


class Loads:
    """A function that loads; versions whose file says "broken" are refused."""

    def __init__(self):
        self.sessions = {}
        self.attempts = []
        self.passing = []
        self.release = threading.Event()
        self.release.set()

    def __call__(self, path):
        self.release.wait(10)
        self.attempts.append(path.name)
        if self.passing:
            raise OSError(self.passing.pop())
        if "broken" in (path / "file").read_text():
            raise ValueError(f"version {path.name} is broken")
        self.sessions[path.name] = EchoSession()
        return self.sessions[path.name]


def write(folder, *numbers, text="good"):
    for number in numbers:
        (folder / str(number)).mkdir(exist_ok=True)
        (folder / str(number) / "file").write_text(text)


def run(folder, check, **settings):
    async def main():
        loads = Loads()
        versions = ModelVersions(folder, loads, **settings)
        try:
            await asyncio.wait_for(check(versions, loads), 20)
        finally:
            loads.release.set()
            assert await versions.close()
        assert all(session.closed for session in loads.sessions.values())

    asyncio.run(main())


async def settle(versions):
    await versions.update()
    while versions._tasks:
        await asyncio.wait(versions._tasks)


def states(versions):
    return {number: version.state for number, version in sorted(versions.versions.items())}


def test_the_newest_version_replaces_the_one_before(tmp_path):
    async def check(versions, loads):
        write(tmp_path, 1, 2)
        await versions.update()
        assert versions.available == [2] and versions.find().number == 2 and loads.attempts == ["2"]
        write(tmp_path, 10)
        await settle(versions)
        assert states(versions) == {2: "END", 10: "AVAILABLE"} and loads.sessions["2"].closed
        await versions.update()
        assert loads.attempts == ["2", "10"]

    run(tmp_path, check)


def test_the_old_version_answers_while_the_new_one_loads_and_until_its_last_user_has_gone(tmp_path):
    async def check(versions, loads):
        write(tmp_path, 1)
        await versions.update()
        with versions.find().use() as old:
            write(tmp_path, 2)
            loads.release.clear()
            updating = asyncio.create_task(versions.update())
            while 2 not in versions.versions:
                await asyncio.sleep(0.001)
            assert versions.find() is old and versions.find(1) is old
            with pytest.raises(RequestError, match="Version 2 of model kmm is loading"):
                versions.find(2)
            loads.release.set()
            await updating
            assert versions.find().number == 2 and states(versions) == {1: "UNLOADING", 2: "AVAILABLE"}
            assert not loads.sessions["1"].closed
        await settle(versions)
        assert states(versions) == {1: "END", 2: "AVAILABLE"} and loads.sessions["1"].closed

    run(tmp_path, check)


def test_a_broken_version_is_refused_and_tried_again_when_its_files_change_and_rest(tmp_path, caplog):
    async def check(versions, loads):
        write(tmp_path, 1)
        await versions.update()
        write(tmp_path, 2, text="broken")
        await settle(versions)
        await settle(versions)
        assert versions.find().number == 1 and loads.attempts == ["1", "2"]
        status = versions.versions[2].status()
        assert status["state"] == "END" and "version 2 is broken" in status["status"]["error_message"]
        assert status["status"]["error_code"] == "INVALID_ARGUMENT" and "version 2 is broken" in caplog.text
        write(tmp_path, 2, text="still broken, and longer")
        await settle(versions)
        assert loads.attempts == ["1", "2"]
        await settle(versions)
        assert loads.attempts == ["1", "2", "2"]
        write(tmp_path, 2, text="good again at last")
        await settle(versions)
        await settle(versions)
        assert versions.find().number == 2 and states(versions) == {1: "END", 2: "AVAILABLE"}

    run(tmp_path, check)


def test_attempts_are_bounded(tmp_path):
    async def check(versions, loads):
        for length in range(15):
            write(tmp_path, 1, text="broken" + "!" * length)
            await versions.update()
            await versions.update()
        assert len(loads.attempts) == 10

    run(tmp_path, check)


def test_at_the_start_the_newest_version_that_can_be_loaded_is(tmp_path):
    async def check(versions, loads):
        write(tmp_path, 1, 2)
        write(tmp_path, 3, text="broken")
        await versions.update()
        assert versions.available == [2] and loads.attempts == ["3", "2"]
        (tmp_path / "3" / "file").unlink()
        (tmp_path / "3").rmdir()
        await versions.update()
        assert list(versions.versions) == [2]

    run(tmp_path, check)


def test_removing_the_newest_folder_goes_back_and_removing_all_changes_nothing(tmp_path):
    async def check(versions, loads):
        write(tmp_path, 1, 2)
        await versions.update()
        (tmp_path / "2").rename(tmp_path / "away")
        await settle(versions)
        assert versions.available == [1]
        (tmp_path / "1").rename(tmp_path / "gone")
        await settle(versions)
        assert versions.available == [1]
        (tmp_path / "away").rename(tmp_path / "2")
        await settle(versions)
        assert versions.available == [2]

    run(tmp_path, check)


@pytest.mark.parametrize(("policy", "loaded"), [("latest", [1, 3]), ("all", [1, 2, 3]), ([2], [1, 2]), ([7], [1])])
def test_policies_and_labels(tmp_path, policy, loaded):
    async def check(versions, loads):
        write(tmp_path, 1, 2, 3)
        await versions.update()
        assert versions.available == loaded
        assert versions.find(label="stable").number == 1
        with pytest.raises(RequestError, match="Unrecognized servable version label: canary") as caught:
            versions.find(label="canary")
        assert caught.value.code == "INVALID_ARGUMENT"
        with pytest.raises(RequestError, match=r"Servable not found for request: Specific\(kmm, 9\)") as caught:
            versions.find(9)
        assert caught.value.code == "NOT_FOUND"

    run(tmp_path, check, policy=policy, labels={"stable": 1})


def test_nothing_is_loaded_yet(tmp_path):
    async def check(versions, loads):
        await versions.update()
        with pytest.raises(RequestError, match="No version of model kmm is loaded yet") as caught:
            versions.find()
        assert caught.value.code == "UNAVAILABLE"

    run(tmp_path, check)


def test_a_folder_that_cannot_be_read_any_more_changes_nothing(tmp_path, caplog):
    folder = tmp_path / "versions"
    folder.mkdir()

    async def check(versions, loads):
        write(folder, 1)
        await versions.update()
        folder.rename(tmp_path / "away")
        await versions.update()
        await versions.update()
        assert versions.available == [1] and caplog.text.count("cannot be read") == 1

    run(folder, check)


def test_watching_goes_on_after_an_error(tmp_path, monkeypatch, caplog):
    async def check(versions, loads):
        write(tmp_path, 1)
        updates, update = [], versions.update

        async def sometimes():
            updates.append(1)
            if len(updates) == 1:
                raise RuntimeError("once")
            await update()

        monkeypatch.setattr(versions, "update", sometimes)
        watching = asyncio.create_task(versions.watch())
        while not versions.available:
            await asyncio.sleep(0.001)
        watching.cancel()
        assert "could not be updated" in caplog.text

    run(tmp_path, check, poll_seconds=0.001)


def test_many_versions_are_forgotten(tmp_path):
    async def check(versions, loads):
        for number in range(1, 31):
            write(tmp_path, number)
            await settle(versions)
        assert versions.available == [30] and len(versions.versions) == 21

    run(tmp_path, check)


def test_the_folder_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match="must exist.*nowhere"):
        ModelVersions(tmp_path / "nowhere", Loads())


def test_files_that_did_not_change_are_tried_again_some_times(tmp_path):
    async def check(versions, loads):
        write(tmp_path, 1)
        loads.passing = ["too many open files"] * 3
        for _ in range(3):
            await versions.update()
            assert versions.available == []
        await versions.update()
        assert versions.available == [1] and len(loads.attempts) == 4
        write(tmp_path, 2, text="broken")
        for _ in range(10):
            await versions.update()
        assert loads.attempts.count("2") == 6

    run(tmp_path, check, retry_seconds=0.0)


def test_while_the_next_best_version_unloads_nothing_changes(tmp_path):
    async def check(versions, loads):
        write(tmp_path, 1, 2)
        await versions.update()
        with versions.find().use():
            write(tmp_path, 3)
            await versions.update()
            assert states(versions) == {2: "UNLOADING", 3: "AVAILABLE"}
            (tmp_path / "3").rename(tmp_path / "away")
            await versions.update()
            assert states(versions) == {2: "UNLOADING", 3: "AVAILABLE"}
        while versions._tasks:
            await asyncio.wait(versions._tasks)
        await settle(versions)
        assert versions.available == [2] and loads.attempts == ["2", "3", "2"]

    run(tmp_path, check)


def test_a_session_that_does_not_close_in_order(tmp_path, caplog):
    async def check(versions, loads):
        write(tmp_path, 1)
        await versions.update()
        session = loads.sessions["1"]
        close = session.close

        def fail():
            close()
            raise RuntimeError("stuck")

        session.close = fail
        write(tmp_path, 2)
        await settle(versions)
        assert states(versions) == {1: "END", 2: "AVAILABLE"} and "could not be closed in order" in caplog.text

    run(tmp_path, check)


def test_a_version_that_is_used_again_is_not_closed_under_its_user(tmp_path):
    async def check(versions, loads):
        write(tmp_path, 1)
        await versions.update()
        version = versions.find()
        versions._retire(version)
        with version.use():
            while versions._tasks:
                await asyncio.wait(versions._tasks)
            assert not loads.sessions["1"].closed
        while versions._tasks:
            await asyncio.wait(versions._tasks)
        assert loads.sessions["1"].closed and version.state == "END"

    run(tmp_path, check)


def test_a_label_of_a_missing_version_is_said_once(tmp_path, caplog):
    async def check(versions, loads):
        write(tmp_path, 1)
        await versions.update()
        await versions.update()
        assert caplog.text.count("label 'canary' stands for version 7, which is not in the folder") == 1
        assert "stable" not in caplog.text

    run(tmp_path, check, labels={"stable": 1, "canary": 7})
