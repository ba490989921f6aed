/** What a grown-up opens: loaded together, once one of it is wanted. */
import { defineAsyncComponent } from "vue";

const load = () => import("./grownUps");

export const GrownTools = defineAsyncComponent(() => load().then((parts) => parts.GrownTools));
export const PencilText = defineAsyncComponent(() => load().then((parts) => parts.PencilText));
export const PinDialog = defineAsyncComponent(() => load().then((parts) => parts.PinDialog));
export const TakeAlong = defineAsyncComponent(() => load().then((parts) => parts.TakeAlong));
