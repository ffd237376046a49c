// Pages work without this. It tells when something new has come for the page that is open, so that nobody acts on an old list.
(() => {
    "use strict";
    const live = document.querySelector("[data-live]");
    if (!live) {
        return;
    }

    let seen = live.dataset.seen;
    // A version is the lists, and how far urgent readings reach: one that was taken back is nothing new.
    const isNew = (now, before) => {
        const [lists, reach] = now.split("~");
        const [listsBefore, reachBefore] = before.split("~");
        return lists !== listsBefore || BigInt(reach || 0) > BigInt(reachBefore || 0);
    };
    const every = Number(live.dataset.every || 15) * 1000;
    const show = (what, where, how) => {
        live.textContent = "";
        live.classList.add("notice");
        const text = document.createElement("p");
        text.textContent = what + " ";
        const link = document.createElement("a");
        link.href = where;
        link.textContent = how;
        text.append(link);
        live.append(text);
    };
    const look = async () => {
        try {
            const answer = await fetch(live.dataset.poll, { headers: { accept: "application/json" }, redirect: "manual", cache: "no-store" });
            if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
                show("You are no longer signed in.", live.dataset.live, "Sign in again");
                return;
            }

            if (answer.status === 404) {
                show("This list is no longer yours.", "/", "Go to the start");
                return;
            }

            if (answer.ok) {
                const now = await answer.json();
                if (isNew(now.version, seen)) {
                    show(now.what, live.dataset.live, "Show it now");
                }

                seen = now.version; // told once, and again when there is still more
            }
        } catch {
            // The network is away; the next look may find it.
        }

        setTimeout(look, every);
    };
    setTimeout(look, every);
})();
