/** The pages of imports: each works as a plain form; these elements make them quicker and survive a bad line. */
import "../styles/importing.css";
import { ImportDiffMap, ImportPointsMap, RasterFootprintMap } from "../importing/maps";
import { ImportProgress } from "../importing/progress";
import { ImportReview } from "../importing/review";
import { ImportTarget } from "../importing/target";
import { ImportUpload } from "../importing/upload";

customElements.define("import-upload", ImportUpload);
customElements.define("import-progress", ImportProgress);
customElements.define("import-target", ImportTarget);
customElements.define("import-review", ImportReview);
customElements.define("import-points-map", ImportPointsMap);
customElements.define("import-diff-map", ImportDiffMap);
customElements.define("raster-footprint-map", RasterFootprintMap);
