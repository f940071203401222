/** The page: a client of the ledger's API. */
import { render } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { LocationProvider, Route, Router, useLocation } from "preact-iso";
import { addressOf } from "./address.ts";
import { listen } from "./keys.ts";
import { address, notice, routeBy, signedIn, start } from "./state.ts";
import { Audit } from "./views/audit.tsx";
import { Bar } from "./views/bar.tsx";
import { Delivery } from "./views/delivery.tsx";
import { GoTo, Keys } from "./views/dialogs.tsx";
import { Health } from "./views/health.tsx";
import { Matrix } from "./views/matrix.tsx";
import { SignIn } from "./views/sign-in.tsx";
import { Timeline } from "./views/timeline.tsx";
import { Why } from "./views/why.tsx";

function Shell() {
  const { url, route } = useLocation();
  useLayoutEffect(() => {
    routeBy(route);
    address.value = addressOf(url);
  }, [url]);
  return (
    <>
      <Bar />
      <Router>
        <Route path="/why" component={Why} />
        <Route path="/timeline" component={Timeline} />
        <Route path="/delivery" component={Delivery} />
        <Route path="/audit" component={Audit} />
        <Route path="/health" component={Health} />
        <Route default component={Matrix} />
      </Router>
      <GoTo />
      <Keys />
      <p class="notice" role="status">
        {notice.value}
      </p>
    </>
  );
}

function App() {
  // A moment, in which nothing else is to be seen: it is asked whether this browser has a session.
  if (signedIn.value === undefined) return <p class="empty">Loading …</p>;
  // Its links lead to the identity provider, so no router may take them.
  if (!signedIn.value) return <SignIn />;
  return (
    <LocationProvider>
      <Shell />
    </LocationProvider>
  );
}

address.value = addressOf(location.pathname + location.search);
listen();
start();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
